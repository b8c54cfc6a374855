/** systemErrorCode is the code of a failed system call or statement (ENOENT, ECONNREFUSED, 57P03), if it has one. */
export function systemErrorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

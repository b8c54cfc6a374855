import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemErrorCode } from '../system-error.ts'

/** PostmasterFile is what a PostgreSQL server writes about itself into its folder: its process and its socket's folder. */
export type PostmasterFile = { pid: number; socketFolder: string | undefined }

/** postmasterFilePath is where it stands. It stays behind when the server, or the machine, is killed. */
export function postmasterFilePath(folder: string): string {
  return join(folder, 'postmaster.pid')
}

/** readPostmasterFile answers with its content, or undefined where there is none or a torn one. */
export async function readPostmasterFile(folder: string): Promise<PostmasterFile | undefined> {
  try {
    return parsePostmasterFile(await readFile(postmasterFilePath(folder), 'utf8'))
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/**
 * parsePostmasterFile reads the lines pid, folder, start time, port and socket folder (the last ones follow as the server
 * comes up). Source: PostgreSQL, src/include/utils/pidfile.h.
 */
export function parsePostmasterFile(text: string): PostmasterFile | undefined {
  const lines = text.split('\n')
  const pid = Number(lines[0])
  if (!Number.isInteger(pid) || pid <= 0) return undefined
  return { pid, socketFolder: lines[4] || undefined }
}

import type { ProblemBody } from './types.ts'

/**
 * Problem is a call that did not succeed: refused by the server, or (`status` 0, `code` "network") never answered.
 * `detail` is the server's sentence for a person; `fields` are its messages by field path.
 */
export class Problem extends Error {
  readonly status: number
  readonly code: string
  readonly detail: string
  readonly fields: ReadonlyMap<string, string>
  readonly runId: string | undefined

  constructor(body: ProblemBody, cause?: unknown) {
    super(body.detail ?? body.title ?? `status ${body.status}`, { cause })
    this.status = body.status
    this.code = body.code ?? 'unknown'
    this.detail = body.detail ?? body.title ?? ''
    this.fields = new Map(body.errors?.map((error) => [fieldName(error.path), error.message]))
    this.runId = body.run_id
  }
}

/** fieldName turns the forms in which a path may arrive (`/a/b`, `body.a.b`, `a.b`) into `a.b`. */
export function fieldName(path: string): string {
  return path
    .split(/[./]/)
    .filter((part, index) => part !== '' && !(index === 0 && part === 'body'))
    .join('.')
}

/** networkProblem is the Problem of a call that got no answer. */
export function networkProblem(cause: unknown): Problem {
  return new Problem({ status: 0, code: 'network' }, cause)
}

/** problemOf reads the Problem from a refused response, whatever its body turns out to be. */
export async function problemOf(response: Response): Promise<Problem> {
  const text = await response.text()
  try {
    const body: ProblemBody = JSON.parse(text)
    return new Problem({ ...body, status: response.status })
  } catch (cause) {
    return new Problem({ status: response.status, title: response.statusText }, cause)
  }
}

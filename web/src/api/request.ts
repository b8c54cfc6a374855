import { session } from './browser-session.ts'
import { nextPage } from './link-header.ts'
import { networkProblem, Problem, problemOf } from './problem.ts'

const base = '/api/v1'

type Query = Record<string, string | number | undefined>

/** RequestOptions are the parts of a call beside its path. */
export type RequestOptions = {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  body?: unknown
  query?: Query
  headers?: Record<string, string>
  signal?: AbortSignal
}

/** Page is one page of a list and the path of the next one. */
export type Page<T> = { items: T[]; next: string | null }

/** pathWith adds the given query values to a path. */
export function pathWith(path: string, query: Query = {}): string {
  const values = new URLSearchParams()
  for (const [key, value] of Object.entries(query))
    if (value !== undefined && value !== '') values.set(key, String(value))
  return values.size === 0 ? path : `${path}?${values}`
}

async function attempt(path: string, options: RequestOptions, token: string | null): Promise<Response> {
  const headers = new Headers(options.headers)
  if (token !== null) headers.set('authorization', `Bearer ${token}`)
  if (options.body !== undefined) headers.set('content-type', 'application/json')
  const address = path.startsWith(base) ? path : base + path
  try {
    return await fetch(pathWith(address, options.query), {
      method: options.method ?? 'GET',
      headers,
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
      signal: options.signal,
    })
  } catch (cause) {
    if (options.signal?.aborted) throw cause
    throw networkProblem(cause)
  }
}

/** send makes an authenticated call and returns its answer when it succeeded; a refused token is refreshed and tried once more. Throws Problem. */
export async function send(path: string, options: RequestOptions = {}): Promise<Response> {
  const token = await currentToken()
  let response = await attempt(path, options, token)
  if (response.status === 401 && token !== null) {
    const fresh = await currentToken(token)
    if (fresh !== null) response = await attempt(path, options, fresh)
  }
  if (!response.ok) throw await problemOf(response)
  return response
}

async function currentToken(rejected?: string): Promise<string | null> {
  try {
    return await session.token(rejected)
  } catch (cause) {
    throw cause instanceof Problem ? cause : networkProblem(cause)
  }
}

/** sendPublic makes a call that needs no sign-in. Throws Problem. */
export async function sendPublic<T>(path: string, options: RequestOptions): Promise<T> {
  const response = await attempt(path, options, null)
  if (!response.ok) throw await problemOf(response)
  return response.json()
}

/** request makes an authenticated call and returns its JSON. Throws Problem. */
export async function request<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const response = await send(path, options)
  return response.json()
}

/** requestPage reads one page of a list. Throws Problem. */
export async function requestPage<T>(path: string, options: RequestOptions = {}): Promise<Page<T>> {
  const response = await send(path, options)
  return { items: await response.json(), next: nextPage(response.headers.get('link')) }
}

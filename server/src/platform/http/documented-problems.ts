import type { Access } from './app-types.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Statuses of problems that nothing else about the route tells: that it may be forbidden, or in conflict. */
    problems?: number[]
  }
}

const TITLES: Record<number, string> = {
  400: 'Malformed JSON',
  401: 'No token, or one that does not hold',
  403: 'Not open to this role or source',
  404: 'Absent, or not yours',
  409: 'In conflict with what is there',
  413: 'Body too large',
  415: 'Not JSON',
  422: 'Invalid values',
  429: 'Too many calls; see Retry-After',
  503: 'Draining, or the database is away',
}

/** DocumentedRoute is what can be told of a route from outside. */
export type DocumentedRoute = {
  method: string
  url: string
  access: Access
  keyScope: string | undefined
  problems: number[]
  schema: { body?: unknown; querystring?: unknown; params?: unknown; headers?: unknown }
}

/** documentedProblems are the error answers of a route in the OpenAPI document, by status. */
export function documentedProblems(route: DocumentedRoute): Record<number, object> {
  return Object.fromEntries(
    statusesOf(route).map((status) => [
      status,
      {
        description: TITLES[status] ?? 'Error',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  )
}

function statusesOf({ method, url, access, keyScope, problems, schema }: DocumentedRoute): number[] {
  const isOfApi = url.startsWith('/api/')
  const isAboutBusiness = access === 'user' && !url.includes('/auth/')
  const takesValues = [schema.body, schema.querystring, schema.params, schema.headers].some(
    (part) => part !== undefined,
  )
  const statuses = [
    // A body that is sent is read, also where none is needed.
    ...(method === 'GET' ? [] : [400, 413, 415]),
    ...(access === 'public' && !url.includes('/auth/') ? [] : [401]),
    ...(access === 'admin' || keyScope !== undefined ? [403] : []),
    ...(schema.params !== undefined || isAboutBusiness ? [404] : []),
    ...(schema.body === undefined ? [] : [409]),
    ...(takesValues ? [422] : []),
    ...(isOfApi ? [429] : []),
    503,
    ...problems,
  ]
  return [...new Set(statuses)].toSorted((a, b) => a - b)
}

/** operationIdOf names an operation after its method and its address: `getChatSessionsById`. */
export function operationIdOf(method: string, url: string): string {
  const parts = url
    .replace(/^\/api\/v\d+/, '')
    .replace(/\/v\d+(?=\/)/, '')
    .split('/')
  const words = parts.flatMap((part) =>
    part.startsWith(':') ? ['by', ...part.slice(1).split('_')] : part.split(/[-_.]/),
  )
  return method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
}

import type { FastifyRequest, RouteOptions } from 'fastify'
import type { Executor } from '../../platform/db/database.ts'
import { problem } from '../../platform/errors.ts'
import type { App } from '../../platform/http/app-types.ts'
import type { AccessTokens } from './access-token.ts'
import { findUser } from './repository.ts'

/** Caller is who makes a request, as their token says; on admin routes `role` was read from the database just now. */
export type Caller = { userId: string; role: 'user' | 'admin' }

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls; null on public routes. Read it with callerOf. */
    caller: Caller | null
  }
}

/** callerOf answers who calls a route that is not public. */
export function callerOf(request: FastifyRequest): Caller {
  if (!request.caller) throw new Error('callerOf was asked on a public route')
  return request.caller
}

/**
 * guardAccess makes every route of the server answer to its own `config.access`: `public` to anyone, `user` to a valid
 * access token, `admin` to one whose user is, by the database, an admin who is not disabled. Tokens are taken from the
 * Authorization header and from nowhere else. A route without `config.access` stops the start; routes that a plugin adds
 * get theirs from an onRoute hook around that plugin. Call it on the root, before routes are registered.
 */
export function guardAccess(http: App, options: { db: Executor; tokens: AccessTokens }): void {
  const routes: RouteOptions[] = []
  http.decorateRequest('caller', null)
  http.decorateRequest('limitKey', null)
  // Looked at when all is registered, since hooks of inner plugins, which may set it, run after this one.
  http.addHook('onRoute', (route) => void routes.push(route))
  http.addHook('onReady', async () => {
    const undeclared = routes.filter((route) => !route.config?.access)
    if (undeclared.length === 0) return
    const names = undeclared.map((route) => `${String(route.method)} ${route.url}`)
    throw new Error(`Every route must declare config.access; these do not: ${names.join(', ')}`)
  })

  http.addHook('onRequest', async (request) => {
    const { access } = request.routeOptions.config
    if (access === 'public' || request.is404) return
    // Only what was registered before this guard can come here, such as the answer to a stray OPTIONS.
    if (access === undefined) throw problem.notFound('no_such_address', 'There is nothing at this address.')

    const claims = options.tokens.read(bearerToken(request))
    if (claims === 'expired')
      throw problem.unauthorized('token_expired', 'Your session has run out. Please sign in again.')
    if (claims === 'invalid') throw problem.unauthorized()
    const caller: Caller = { userId: claims.sub, role: claims.role }
    request.caller = caller
    request.limitKey = `user:${caller.userId}`
    if (access === 'user') return

    const user = await findUser(options.db, caller.userId)
    if (!user || user.disabledAt) throw problem.unauthorized()
    if (user.role !== 'admin') throw problem.forbidden('role_not_allowed', 'Only admins may do this.')
    request.caller = { userId: user.id, role: user.role }
  })
}

function bearerToken(request: FastifyRequest): string {
  return /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1] ?? ''
}

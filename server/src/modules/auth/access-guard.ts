import type { FastifyRequest, RouteOptions } from 'fastify'
import type { Executor } from '../../platform/db/database.ts'
import { problem } from '../../platform/errors.ts'
import type { App } from '../../platform/http/app-types.ts'
import { isFromLoopback } from '../../platform/http/loopback.ts'
import type { AccessTokens } from './access-token.ts'
import type { ApiKeys } from './api-keys.ts'
import { isKeyScope } from './key-scopes.ts'
import { findUser } from './repository.ts'

/**
 * Caller is who makes a request, as their token says; on admin routes `role` was read from the database just now.
 * `businessId` is set where a personal key calls, and is then the only business that the call may be about.
 */
export type Caller = { userId: string; role: 'user' | 'admin'; businessId?: string }

/** KeyCaller is the API key that makes a request. */
export type KeyCaller = { keyId: string }

/** PersonalKeys recognise the keys that owners make for programs of theirs, each bound to one business. */
export type PersonalKeys = { identify(key: string): Promise<{ userId: string; businessId: string } | undefined> }

/** Actor is who makes a request of a route that people and programs share. */
export type Actor = ({ kind: 'user' } & Caller) | ({ kind: 'key' } & KeyCaller)

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls; null on public routes and where a key calls. Read it with callerOf. */
    caller: Caller | null
    /** The API key that calls; null where it is a person or nobody. Read it with keyOf. */
    keyCaller: KeyCaller | null
  }
}

/** callerOf answers who calls a route that is not public. */
export function callerOf(request: FastifyRequest): Caller {
  if (!request.caller) throw new Error('callerOf was asked where no person calls')
  return request.caller
}

/** keyOf answers which key calls a route that is for keys alone. */
export function keyOf(request: FastifyRequest): KeyCaller {
  if (!request.keyCaller) throw new Error('keyOf was asked where no key calls')
  return request.keyCaller
}

/** actorOf answers who calls a route that is open to people and keys. */
export function actorOf(request: FastifyRequest): Actor {
  return request.keyCaller ? { kind: 'key', ...request.keyCaller } : { kind: 'user', ...callerOf(request) }
}

/**
 * guardAccess makes every route of the server answer to its own `config.access`: `public` to anyone, `user` to a valid
 * access token, `admin` to one whose user is, by the database, an admin who is not disabled, `key` to an API key,
 * `personal` to a personal key. A route of `user` with `personalKey` takes either of access token and personal key. A route with a `keyScope` is open to the keys that have it; there a key that is sent decides, whatever token comes along.
 * Tokens are taken from the Authorization header, keys from X-Api-Key, and both from nowhere else. A route without
 * `config.access`, or with a scope that does not exist, stops the start; routes that a plugin adds get theirs from an
 * onRoute hook around that plugin. A route of `loopback` is open to programs of this
 * machine without any of these. Call it on the root, before routes are registered.
 */
export function guardAccess(
  http: App,
  options: { db: Executor; tokens: AccessTokens; keys: Pick<ApiKeys, 'identify'>; personalKeys: PersonalKeys },
): void {
  const routes: RouteOptions[] = []
  http.decorateRequest('caller', null)
  http.decorateRequest('keyCaller', null)
  http.decorateRequest('limitKey', null)
  // Looked at when all is registered, since hooks of inner plugins, which may set it, run after this one.
  http.addHook('onRoute', (route) => void routes.push(route))
  http.addHook('onReady', async () => {
    const named = (route: RouteOptions) => `${String(route.method)} ${route.url}`
    const undeclared = routes.filter((route) => !route.config?.access)
    if (undeclared.length > 0)
      throw new Error(`Every route must declare config.access; these do not: ${undeclared.map(named).join(', ')}`)
    const unscoped = routes.filter(({ config }) =>
      config?.access === 'key' ? !isKeyScope(config.keyScope) : config?.keyScope && !isKeyScope(config.keyScope),
    )
    if (unscoped.length > 0)
      throw new Error(`Every config.keyScope must be one of the key scopes: ${unscoped.map(named).join(', ')}`)
  })

  http.addHook('onRequest', async (request) => {
    const { access, keyScope, personalKey } = request.routeOptions.config
    if (access === 'public' || request.is404) return
    if (request.routeOptions.config.loopback && isFromLoopback(request)) return
    // Only what was registered before this guard can come here, such as the answer to a stray OPTIONS.
    if (access === undefined) throw problem.notFound('no_such_address', 'There is nothing at this address.')

    const sentKey = request.headers['x-api-key']
    if (access === 'key' || (keyScope !== undefined && sentKey !== undefined)) {
      const key = await options.keys.identify(typeof sentKey === 'string' ? sentKey : '')
      if (!key) throw problem.unauthorized('invalid_api_key', 'This needs an API key that holds, sent as X-Api-Key.')
      request.keyCaller = { keyId: key.id }
      request.limitKey = `key:${key.id}`
      if (keyScope === undefined || !key.scopes.includes(keyScope))
        throw problem.forbidden('scope_missing', `This API key does not have the scope ${keyScope}.`)
      return
    }

    const bearer = bearerToken(request)
    if (access === 'personal' || (personalKey && bearer.startsWith('tgp_'))) {
      const key = await options.personalKeys.identify(bearer)
      if (!key) throw problem.unauthorized('invalid_personal_key', 'This needs a personal key that holds.')
      request.caller = { userId: key.userId, role: 'user', businessId: key.businessId }
      // Counted with all else that the owner does, so that more keys are not more calls.
      request.limitKey = `user:${key.userId}`
      return
    }

    const claims = options.tokens.read(bearer)
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

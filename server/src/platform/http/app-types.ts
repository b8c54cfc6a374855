import type { FastifyInstance, RawReplyDefaultExpression, RawRequestDefaultExpression, RawServerDefault } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Log } from '../logger.ts'

/**
 * Access says who may call a route; every route names one. Routes of `key` are for integrators' programs alone, those of
 * `personal` for programs that an owner gave a personal key.
 */
export type Access = 'public' | 'user' | 'admin' | 'key' | 'personal'

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access
    /** The scope with which an API key may call, too; required where `access` is `key`. */
    keyScope?: string
    /** Whether a personal key may call a route of `user`, too. */
    personalKey?: boolean
  }
}

/** App is the HTTP server with Zod schemas as its types. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  Log,
  ZodTypeProvider
>

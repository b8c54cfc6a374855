import type { CreateLimiter } from '../limits.ts'
import type { App } from './app-types.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls, for limits: set by whatever identified the caller; the address otherwise. */
    limitKey: string | null
  }
}

/**
 * limitCallers bounds all calls of one caller in a minute to the routes of `app` and what is registered in it: of a
 * signed-in person, wherever they are, of an API key, or of an address. People behind one address who are signed in do
 * not spend each other's share. Refused tokens count for the address.
 */
export function limitCallers(app: App, perMinute: number, createLimiter: CreateLimiter): void {
  if (perMinute === 0) return
  const limiter = createLimiter({
    name: 'calls',
    points: perMinute,
    durationSeconds: 60,
    message: 'You are calling too often. Please wait a moment.',
  })
  app.addHook('preParsing', async (request) => {
    if (request.routeOptions.config.access) await limiter.take(request.limitKey ?? `address:${request.ip}`)
  })
  app.addHook('onError', async (request, _reply, error) => {
    // Who was refused at the door never came to be counted above.
    const isStranger = request.limitKey === null && request.routeOptions.config.access !== 'public'
    if (isStranger && 'status' in error && error.status === 401)
      await limiter.take(`address:${request.ip}`).catch(() => {})
  })
}

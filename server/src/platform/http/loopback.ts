import type { FastifyRequest } from 'fastify'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether programs of this machine may call a route without saying who they are. */
    loopback?: boolean
  }
}

// A proxy on this machine names whom it speaks for in at least one of these.
const FORWARDED = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip']

const LOOPBACK = /^(?:::ffff:)?127\.\d+\.\d+\.\d+$|^::1$/
const LOOPBACK_HOST = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$/i

/**
 * isFromLoopback tells whether a request was made by a program of this machine for itself: the connection is, whatever
 * headers say; no proxy has passed it on; and it names this machine, which a browser that was led here by a foreign name
 * does not.
 */
export function isFromLoopback({ raw, headers }: Pick<FastifyRequest, 'raw' | 'headers'>): boolean {
  return (
    LOOPBACK.test(raw.socket.remoteAddress ?? '') &&
    LOOPBACK_HOST.test(headers.host ?? '') &&
    !FORWARDED.some((name) => headers[name] !== undefined)
  )
}

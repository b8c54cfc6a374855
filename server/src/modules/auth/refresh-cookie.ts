import type { FastifyReply, FastifyRequest } from 'fastify'
import { REFRESH_TOKEN_DAYS } from './refresh-families.ts'

const NAME = 'refresh_token'
const PATH = '/api/v1/auth'

/** RefreshCookie keeps the refresh token where no script can read it and no other site can send it from. */
export type RefreshCookie = {
  read(request: FastifyRequest): string | undefined
  set(request: FastifyRequest, reply: FastifyReply, token: string): void
  clear(request: FastifyRequest, reply: FastifyReply): void
}

/** createRefreshCookie makes the cookie's reader and writer; under https, seen or set as the public address, it is Secure. */
export function createRefreshCookie(publicUrl: string | undefined): RefreshCookie {
  const attributes = (request: FastifyRequest) => ({
    path: PATH,
    httpOnly: true,
    sameSite: 'strict' as const,
    secure: request.protocol === 'https' || (publicUrl?.startsWith('https:') ?? false),
  })
  return {
    read: (request) => request.cookies[NAME],
    set(request, reply, token) {
      void reply.setCookie(NAME, token, { ...attributes(request), maxAge: REFRESH_TOKEN_DAYS * 86_400 })
    },
    clear(request, reply) {
      void reply.clearCookie(NAME, attributes(request))
    },
  }
}

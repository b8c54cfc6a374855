import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Settings } from '../../platform/config.ts'
import { problem } from '../../platform/errors.ts'
import type { App } from '../../platform/http/app-types.ts'
import { callerOf } from './access-guard.ts'
import { isAllowedOrigin } from './allowed-origin.ts'
import {
  accessSchema,
  changePasswordBody,
  loginBody,
  messageSchema,
  passwordBody,
  registerBody,
  resetBody,
  sessionSchema,
  userSchema,
} from './dto.ts'
import { createRefreshCookie } from './refresh-cookie.ts'
import type { AuthService } from './service.ts'

type AuthRoutesOptions = { service: AuthService; settings: Pick<Settings, 'publicUrl' | 'corsOrigins'> }

/** authRoutes serves sign-up, sessions and passwords. GET and PATCH /auth/me are served where businesses are known. */
export function authRoutes({ service, settings }: AuthRoutesOptions) {
  const cookie = createRefreshCookie(settings.publicUrl)
  const tags = ['Auth']

  // What a cookie alone decides must not be set off by somebody else's page.
  async function requireOwnOrigin(request: FastifyRequest): Promise<void> {
    const { origin } = request.headers
    const { publicUrl, corsOrigins } = settings
    if (!isAllowedOrigin({ origin, host: request.host, publicUrl, corsOrigins }))
      throw problem.forbidden('origin_not_allowed', 'This may not be asked for from another site.')
  }

  return async (app: App): Promise<void> => {
    app.post(
      '/auth/register',
      {
        config: { access: 'public' },
        schema: { tags, summary: 'Make an account', body: registerBody, response: { 201: userSchema } },
      },
      async (request, reply) => reply.code(201).send(await service.register(request.body, request.ip)),
    )

    app.post(
      '/auth/login',
      {
        config: { access: 'public', problems: [403] },
        schema: {
          tags,
          summary: 'Sign in',
          description: 'Answers an access token and sets the `refresh_token` cookie.',
          body: loginBody,
          response: { 200: sessionSchema },
        },
      },
      async (request, reply) => {
        const { session, refreshToken } = await service.login(request.body, request.ip)
        cookie.set(request, reply, refreshToken)
        return session
      },
    )

    app.post(
      '/auth/refresh',
      {
        config: { access: 'public', problems: [403] },
        onRequest: requireOwnOrigin,
        schema: {
          tags,
          summary: 'Exchange the refresh token',
          description: 'Takes the cookie and sets the next one. A cookie that comes a second time ends its session.',
          response: { 200: accessSchema },
        },
      },
      async (request, reply) => {
        const { access, refreshToken } = await service.refresh(cookie.read(request))
        cookie.set(request, reply, refreshToken)
        return access
      },
    )

    app.post(
      '/auth/logout',
      {
        config: { access: 'public', problems: [403] },
        onRequest: requireOwnOrigin,
        schema: {
          tags,
          summary: 'Sign out',
          description: 'Ends the session of the cookie; without one there is nothing to end.',
          response: { 200: messageSchema },
        },
      },
      async (request, reply) => {
        await service.logout(cookie.read(request))
        cookie.clear(request, reply)
        return { message: 'You are signed out.' }
      },
    )

    app.delete(
      '/auth/me',
      {
        config: { access: 'user', problems: [403] },
        schema: {
          tags,
          summary: 'Erase my account',
          description: 'Erases everything personal for good; what was earned stays under a nameless business.',
          body: passwordBody,
          response: { 204: z.null() },
        },
      },
      async (request, reply) => {
        const { userId } = callerOf(request)
        await service.eraseMe({ userId, password: request.body.password, address: request.ip })
        cookie.clear(request, reply)
        return reply.code(204).send(null)
      },
    )

    app.post(
      '/auth/password',
      {
        config: { access: 'user', problems: [403] },
        schema: {
          tags,
          summary: 'Change my password',
          description: 'Ends every session that could be refreshed, this one too.',
          body: changePasswordBody,
          response: { 200: messageSchema },
        },
      },
      async (request) => {
        const { userId } = callerOf(request)
        const { current_password: currentPassword, new_password: newPassword } = request.body
        await service.changePassword({ userId, currentPassword, newPassword, address: request.ip })
        return { message: 'Your password is changed. Please sign in with it.' }
      },
    )

    app.post(
      '/auth/reset',
      {
        config: { access: 'public' },
        schema: {
          tags,
          summary: 'Set a new password by a reset link',
          body: resetBody,
          response: { 200: messageSchema },
        },
      },
      async (request) => {
        await service.resetPassword({ token: request.body.token, newPassword: request.body.new_password })
        return { message: 'Your password is changed. Please sign in with it.' }
      },
    )
  }
}

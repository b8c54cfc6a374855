import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Settings } from '../../../platform/config.ts'
import { problem } from '../../../platform/errors.ts'
import type { App } from '../../../platform/http/app-types.ts'
import { callerOf } from '../../auth/index.ts'
import type { McpEndpoint } from './mcp-endpoint.ts'

// What the transport reads; nothing else of a request reaches it.
const PASSED_ON = ['accept', 'content-type', 'mcp-protocol-version'] as const

const rpcError = (code: number, message: string) => ({ jsonrpc: '2.0', error: { code, message }, id: null })

/**
 * serveMcp serves the Model Context Protocol (Streamable HTTP, without sessions) at /mcp. A browser may call from an origin
 * that is allowed by name only: an address that resolves to this machine must not let somebody else's page in.
 */
export function serveMcp(deps: {
  endpoint: McpEndpoint
  settings: Pick<Settings, 'publicUrl' | 'corsOrigins'>
}): (app: App) => Promise<void> {
  const { endpoint, settings } = deps
  const own = settings.publicUrl === undefined ? [] : [new URL(settings.publicUrl).origin]
  const allowed = new Set([...own, ...settings.corsOrigins])

  function refuseForeignOrigin({ headers: { origin } }: FastifyRequest): void {
    if (origin !== undefined && !allowed.has(origin))
      throw problem.forbidden('origin_not_allowed', 'Pages of this origin may not call this.')
  }

  const send = (reply: FastifyReply, status: number, body: object) =>
    reply.code(status).type('application/json; charset=utf-8').serializer(JSON.stringify).send(body)

  return async (app) => {
    app.addHook('onRequest', async (request) => refuseForeignOrigin(request))

    app.post('/mcp', { config: { access: 'personal' }, schema: { hide: true } }, async (request, reply) => {
      const { userId, businessId } = callerOf(request)
      if (businessId === undefined) throw new Error('a personal key came without its business')
      const { body } = request
      if (typeof body !== 'object' || body === null || Array.isArray(body))
        return send(reply, 400, rpcError(-32_600, 'Send one JSON-RPC message; batches are not taken.'))
      const headers = new Headers()
      for (const name of PASSED_ON) {
        const value = request.headers[name]
        if (typeof value === 'string') headers.set(name, value)
      }
      const answer = await endpoint.answer({ userId, businessId }, { headers, body })
      const text = await answer.text()
      if (text === '') return reply.code(answer.status).send()
      return send(reply, answer.status, JSON.parse(text))
    })

    // Without sessions there is no stream to open and nothing to end.
    app.route({
      method: ['GET', 'DELETE'],
      url: '/mcp',
      exposeHeadRoute: false,
      config: { access: 'public' },
      schema: { hide: true },
      handler: (_request, reply) =>
        send(reply.header('allow', 'POST'), 405, rpcError(-32_000, 'There are no sessions here; use POST.')),
    })
  }
}

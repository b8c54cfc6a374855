import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import type { FastifyReply } from 'fastify'
import { problem } from '../errors.ts'
import type { App } from './app-types.ts'
import { sendProblem } from './problem-handler.ts'

/** webAppFolder is where the built web app lies. */
export const webAppFolder = fileURLToPath(new URL('../../../../web/dist', import.meta.url))

const NOT_BUILT = `<!doctype html><meta charset="utf-8"><title>Tangga</title><p>The web app is not built yet: run <code>npm run build</code>. The API is here, its reference at <a href="/docs">/docs</a>.`

/**
 * serveWebApp serves the built web app at `/`: hashed assets for a year, and index.html for every address that a
 * browser navigates to, since the app routes by itself. Everything else unknown is a 404 problem. A build that happens
 * later is served after the next start.
 */
export async function serveWebApp(app: App, folder = webAppFolder): Promise<void> {
  const indexPath = `${folder}/index.html`
  const built = existsSync(indexPath)
  const index = built ? readFileSync(indexPath, 'utf8') : NOT_BUILT
  const sendIndex = (reply: FastifyReply) =>
    reply.header('cache-control', 'no-cache').type('text/html; charset=utf-8').send(index)

  if (built) {
    await app.register(async (assets) => {
      assets.addHook('onRoute', (route) => {
        route.config = { ...route.config, access: 'public' }
      })
      await assets.register(fastifyStatic, {
        root: folder,
        wildcard: false,
        schemaHide: true,
        index: false,
        setHeaders: (reply, path) => {
          reply.header('cache-control', path.includes('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache')
        },
      })
    })
  }
  app.get('/', { config: { access: 'public' }, schema: { hide: true } }, (_request, reply) => sendIndex(reply))
  app.setNotFoundHandler((request, reply) => {
    const navigates =
      (request.method === 'GET' || request.method === 'HEAD') &&
      !request.url.startsWith('/api/') &&
      (request.headers.accept ?? '').includes('text/html')
    return navigates && built
      ? sendIndex(reply)
      : sendProblem(reply, problem.notFound('no_such_address', 'There is nothing at this address.'))
  })
}

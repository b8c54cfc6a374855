import cookie from '@fastify/cookie'
import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import compress from '@fastify/compress'
import Fastify, { LogController } from 'fastify'
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { Problem } from '../errors.ts'
import { fieldMessage } from '../field-message.ts'
import { newId } from '../ids.ts'
import type { Log } from '../logger.ts'
import type { App } from './app-types.ts'
import { refuseBrokenRequest } from './broken-request.ts'
import { handleError } from './problem-handler.ts'

const BODY_LIMIT_BYTES = 1024 * 1024

// No inline script or style, nothing from elsewhere, framed by nobody.
const CONTENT_SECURITY_POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Asked so often that its successes would drown everything else in the log. */
    quiet?: boolean
  }
}

/** HttpOptions say how the server meets the world; `trustProxy` is hops or ranges, `https` whether people use https. */
export type HttpOptions = { log: Log; trustProxy: number | string[] | undefined; corsOrigins: string[]; https: boolean }

/**
 * createHttp makes the server with what every route needs: request ids, security headers, CORS, cookies, compression,
 * Zod validation and problem+json errors. Routes are registered by the caller.
 */
export async function createHttp(options: HttpOptions): Promise<App> {
  z.config({ customError: fieldMessage })
  const app: App = Fastify({
    loggerInstance: options.log,
    logController: new LogController({ disableRequestLogging: true }),
    // Nobody outside chooses what our log lines are called by.
    requestIdHeader: false,
    genReqId: newId,
    trustProxy: trustedProxies(options.trustProxy),
    bodyLimit: BODY_LIMIT_BYTES,
    // Slowloris: headers and body must be here within this time. Streams are answers, so it does not bound them.
    requestTimeout: 30_000,
    // A name of 200 characters in an address, percent-encoded, has up to 2,400.
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 2_400 },
    forceCloseConnections: 'idle',
    // Fastify's own 503 is no problem document; see refuseWhileDraining.
    return503OnClosing: false,
    clientErrorHandler: refuseBrokenRequest,
    // Addresses that cannot be read come here past every hook.
    frameworkErrors: (error, request, reply) => {
      void handleError(error, request, reply.header('x-request-id', request.id))
    },
  }).withTypeProvider<ZodTypeProvider>()
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.setErrorHandler(handleError)
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id).header('content-security-policy', CONTENT_SECURITY_POLICY)
  })
  app.addHook('onResponse', async (request, reply) => {
    if (request.routeOptions.config.quiet && reply.statusCode < 400) return
    request.log.info({ req: request, res: reply, ms: Math.round(reply.elapsedTime * 10) / 10 }, 'request')
  })
  parseBodies(app)
  await app.register(helmet, {
    contentSecurityPolicy: false,
    // Only where people use https: a browser that has seen it once would refuse plain http from then on.
    strictTransportSecurity: options.https ? { maxAge: 15_552_000 } : false,
    frameguard: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' },
  })
  await app.register(cors, {
    origin: options.corsOrigins.length > 0 ? options.corsOrigins : false,
    credentials: true,
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: ['link', 'retry-after', 'x-request-id', 'x-run-id', 'x-last-event-id'],
    maxAge: 600,
  })
  await app.register(cookie)
  // Streams are written past this plugin, and are never compressed.
  await app.register(compress, { global: true, threshold: 1024, encodings: ['gzip'] })
  return app
}

// JSON and nothing else. No body at all is none, whatever its type is said to be: there are clients that always say one.
function parseBodies(app: App): void {
  // What would reach into prototypes is dropped, as every other field that nobody knows.
  const parseJson = app.getDefaultJsonParser('remove', 'remove')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body: string, done) => {
    if (body === '') done(null)
    else void parseJson(request, body, done)
  })
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body: Buffer, done) => {
    if (body.length === 0) done(null)
    else done(new Problem(415, 'unsupported_media_type', 'Send the body as application/json.'))
  })
}

/** trustedProxies makes a number of hops into the test that Fastify takes: hop 0 is the peer of the connection. */
function trustedProxies(trust: number | string[] | undefined) {
  return typeof trust === 'number' ? (_address: string, hop: number) => hop < trust : (trust ?? false)
}

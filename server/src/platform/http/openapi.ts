import swagger from '@fastify/swagger'
import reference from '@scalar/fastify-api-reference'
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { Access, App } from './app-types.ts'
import { sendJson } from './send-json.ts'
import { unusedSchemas } from './unused-schemas.ts'

/** problemSchema is the body of every error answer (RFC 9457). */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('a sentence for a person'),
    code: z.string().describe('stable and machine-readable'),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .loose()
  .meta({ id: 'Problem' })

const PROBLEM_TITLES: Record<number, string> = {
  400: 'Malformed JSON',
  401: 'No token, or one that does not hold',
  403: 'Not open to this role or source',
  404: 'Absent, or not yours',
  409: 'In conflict with what is there',
  413: 'Body too large',
  422: 'Invalid values',
  429: 'Too many calls; see Retry-After',
  503: 'Draining, or the database is away',
}

function securityOf(access: Access, keyScope: string | undefined): Record<string, string[]>[] {
  if (access === 'public') return []
  return [...(access === 'key' ? [] : [{ bearer: [] }]), ...(keyScope === undefined ? [] : [{ apiKey: [keyScope] }])]
}

type Guarded = { access: Access; keyScope: string | undefined; method: string; url: string }

function problemStatuses({ access, keyScope, method, url }: Guarded): number[] {
  const withBody = method !== 'GET' && method !== 'DELETE'
  return [
    ...(withBody ? [400, 413] : []),
    ...(access === 'public' && !url.includes('/auth/') ? [] : [401]),
    ...(access === 'admin' || keyScope !== undefined ? [403] : []),
    ...(url.includes('{') || url.includes(':') || access === 'user' ? [404] : []),
    ...(withBody ? [409] : []),
    422,
    429,
    503,
  ]
}

const transformObject = createJsonSchemaTransformObject({ zodToJsonConfig: { target: 'draft-2020-12' } })
const transform = createJsonSchemaTransform({ skipList: [], zodToJsonConfig: { target: 'draft-2020-12' } })

/** registerOpenApi collects every route that follows into the OpenAPI 3.1 document; call it before routes are added. */
export async function registerOpenApi(app: App, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Tangga',
        version,
        description: 'An advisor for small businesses and a game layer that rewards what their owners really do.',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/' }],
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
          apiKey: { type: 'apiKey', in: 'header', name: 'X-Api-Key' },
        },
      },
    },
    transform: (input) => {
      const { access, keyScope } = input.route.config ?? {}
      const { schema, url } = transform(input)
      if (!access || schema.hide) return { schema: { ...schema, hide: true }, url }
      const method = Array.isArray(input.route.method) ? (input.route.method[0] ?? 'GET') : input.route.method
      const problems = Object.fromEntries(
        problemStatuses({ access, keyScope, method, url })
          .filter((status) => !(schema.response && typeof schema.response === 'object' && status in schema.response))
          .map((status) => [
            status,
            {
              description: PROBLEM_TITLES[status] ?? 'Error',
              content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
            },
          ]),
      )
      const answers = typeof schema.response === 'object' && schema.response !== null ? schema.response : {}
      return {
        schema: {
          ...schema,
          security: securityOf(access, keyScope),
          response: { ...answers, ...problems },
        },
        url,
      }
    },
    transformObject: (input) => {
      const document = transformObject(input)
      const schemas = 'components' in document ? document.components?.schemas : undefined
      if (schemas) for (const name of unusedSchemas({ paths: document.paths, schemas })) delete schemas[name]
      return document
    },
  })
}

/** serveOpenApi answers the document at /api/v1/openapi.json and a readable reference at /docs, which has a CSP of its own. */
export async function serveOpenApi(app: App): Promise<void> {
  let body: string | undefined
  app.get('/api/v1/openapi.json', { config: { access: 'public' }, schema: { hide: true } }, async (_request, reply) => {
    body ??= JSON.stringify(app.swagger())
    return sendJson(reply, body)
  })
  await app.register(async (docs) => {
    docs.addHook('onRoute', (route) => {
      route.config = { ...route.config, access: 'public' }
    })
    // The reference page is one bundle with inline style and script; it shows public text and holds no session.
    docs.addHook('onSend', async (_request, reply) => {
      reply.header(
        'content-security-policy',
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
      )
    })
    await docs.register(reference, {
      routePrefix: '/docs',
      logLevel: 'silent',
      configuration: {
        url: '/api/v1/openapi.json',
        title: 'Tangga API',
        withDefaultFonts: false,
        telemetry: false,
        hideClientButton: true,
        agent: { disabled: true },
        mcp: { disabled: true },
      },
    })
  })
}

import swagger from '@fastify/swagger'
import reference from '@scalar/fastify-api-reference'
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { Access, App } from './app-types.ts'
import { documentedProblems, operationIdOf } from './documented-problems.ts'
import { markOptionalBodies } from './optional-bodies.ts'
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

type Door = { access: Access; keyScope: string | undefined; personalKey: boolean }

function securityOf({ access, keyScope, personalKey }: Door): Record<string, string[]>[] {
  if (access === 'public') return []
  return [
    ...(access === 'key' || access === 'personal' ? [] : [{ bearer: [] }]),
    ...(keyScope === undefined ? [] : [{ apiKey: [keyScope] }]),
    ...(access === 'personal' || personalKey ? [{ personalKey: [] }] : []),
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
          personalKey: { type: 'http', scheme: 'bearer', bearerFormat: 'tgp_…' },
        },
      },
    },
    transform: (input) => {
      const { access, keyScope, personalKey = false, problems = [] } = input.route.config ?? {}
      const { schema, url } = transform(input)
      if (!access || schema.hide) return { schema: { ...schema, hide: true }, url }
      const method = Array.isArray(input.route.method) ? (input.route.method[0] ?? 'GET') : input.route.method
      const answers = typeof schema.response === 'object' && schema.response !== null ? schema.response : {}
      return {
        schema: {
          ...schema,
          operationId: operationIdOf(method, url),
          security: securityOf({ access, keyScope, personalKey }),
          response: { ...documentedProblems({ method, url, access, keyScope, problems, schema }), ...answers },
        },
        url,
      }
    },
    transformObject: (input) => {
      const document = transformObject(input)
      markOptionalBodies(document.paths ?? {})
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
        pageTitle: 'Tangga API',
        favicon: '/favicon.svg',
        withDefaultFonts: false,
        telemetry: false,
        hideClientButton: true,
        agent: { disabled: true },
        mcp: { disabled: true },
      },
    })
  })
}

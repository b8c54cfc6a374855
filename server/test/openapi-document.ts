import { z } from 'zod'

// Strict: what stands in the document and is not known here is a mistake, or a reason to look at this file.
const schema = z.record(z.string(), z.unknown())
const content = z.record(z.string(), z.strictObject({ schema }))
const operation = z.strictObject({
  operationId: z.string().regex(/^[a-z][A-Za-z]+$/),
  summary: z.string().min(1),
  description: z.string().min(1).optional(),
  tags: z.array(z.string().min(1)).min(1),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  parameters: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        in: z.enum(['path', 'query', 'header']),
        required: z.boolean(),
        description: z.string().optional(),
        schema,
      }),
    )
    .default([]),
  requestBody: z.strictObject({ required: z.boolean().optional(), content }).optional(),
  responses: z.record(
    z.string().regex(/^[1-5]\d\d$/),
    z.strictObject({ description: z.string().min(1), content: content.optional() }),
  ),
})

const document = z.strictObject({
  openapi: z.literal('3.1.0'),
  info: z.looseObject({ title: z.string().min(1), version: z.string().min(1) }),
  servers: z.array(z.strictObject({ url: z.string().min(1) })).min(1),
  components: z.strictObject({
    schemas: z.record(z.string().regex(/^[A-Za-z0-9._-]+$/), schema),
    securitySchemes: z.record(z.string(), z.looseObject({ type: z.enum(['http', 'apiKey']) })),
  }),
  paths: z.record(
    z.string().startsWith('/'),
    z.record(z.enum(['get', 'post', 'put', 'patch', 'delete']), operation.optional()),
  ),
})

/** Operation is one method at one path, as the document tells of it. */
export type Operation = z.output<typeof operation> & { method: string; path: string }

/** OpenApiDocument is the parsed document, with ways to hold values to it. */
export type OpenApiDocument = ReturnType<typeof readOpenApi>

/** readOpenApi parses an OpenAPI 3.1 document as strictly as this service writes it; throws where it has another form. */
export function readOpenApi(json: unknown) {
  const { paths, components } = document.parse(json)
  const operations: Operation[] = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, found]) =>
      found ? [{ ...found, method: method.toUpperCase(), path }] : [],
    ),
  )
  const known = new Map<string, z.ZodType>()
  const definitions = relocated(components.schemas)

  /** schemaOf makes a schema of the document into one that values can be held to. */
  function schemaOf(given: Record<string, unknown>): z.ZodType {
    const text = JSON.stringify(given)
    const made = known.get(text) ?? z.fromJSONSchema({ ...relocated(given), $defs: definitions })
    known.set(text, made)
    return made
  }

  return {
    operations,
    components,
    schemaOf,
    /** references are all that is referred to anywhere in the document. */
    references: [...new Set([...JSON.stringify(json).matchAll(/"\$ref":"([^"]+)"/g)].map(([, to = '']) => to))],
    /** find answers an operation, or throws when there is none. */
    find(method: string, path: string): Operation {
      const found = operations.find((candidate) => candidate.method === method && candidate.path === path)
      if (!found) throw new Error(`${method} ${path} is not in the document`)
      return found
    },
  }
}

// References of an OpenAPI document lead to its components, those of a JSON Schema to definitions of its own.
function relocated<T extends object>(given: T): T {
  return JSON.parse(JSON.stringify(given).replaceAll('"#/components/schemas/', '"#/$defs/'))
}

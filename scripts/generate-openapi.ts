/**
 * generateOpenApi answers server/openapi.json, made from the routes themselves. The application is loaded only here, so that
 * migrations can be generated while it does not compile.
 */
export async function generateOpenApi(): Promise<Map<string, string>> {
  const { buildOpenApiDocument } = await import('../server/src/app.ts')
  const document = await buildOpenApiDocument()
  return new Map([['server/openapi.json', `${JSON.stringify(document, null, 2)}\n`]])
}

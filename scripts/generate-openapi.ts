/**
 * generateOpenApi answers server/openapi.json, made from the routes themselves. The application is loaded only here, so that
 * migrations can be generated while it does not compile. Fails when the document refers to a part that it does not have.
 */
export async function generateOpenApi(): Promise<Map<string, string>> {
  const { buildOpenApiDocument } = await import('../server/src/app.ts')
  const document = await buildOpenApiDocument()
  const dangling = danglingReferences(document)
  if (dangling.length > 0) throw new Error(`the OpenAPI document refers to what it lacks: ${dangling.join(', ')}`)
  return new Map([['server/openapi.json', `${JSON.stringify(document, null, 2)}\n`]])
}

/** danglingReferences lists the `$ref`s of a document that lead nowhere in it, each once; they are JSON Pointers (RFC 6901). */
export function danglingReferences(document: unknown): string[] {
  const references = new Set<string>()
  collectReferences(document, references)
  return [...references].filter((reference) => !resolves(document, reference))
}

function collectReferences(node: unknown, found: Set<string>): void {
  if (typeof node !== 'object' || node === null) return
  if ('$ref' in node && typeof node.$ref === 'string') found.add(node.$ref)
  for (const inner of Object.values(node)) collectReferences(inner, found)
}

function resolves(document: unknown, reference: string): boolean {
  if (!reference.startsWith('#/')) return false
  let at: unknown = document
  for (const token of reference.slice(2).split('/')) {
    const key = decodeURIComponent(token).replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return false
    at = new Map<string, unknown>(Object.entries(at)).get(key)
  }
  return true
}

const prefix = '#/components/schemas/'

/**
 * unusedSchemas names those schemas of an OpenAPI document that its paths refer to neither directly nor through each other.
 * Every schema is registered twice, as it is sent and as it is answered, and most are only one of the two.
 */
export function unusedSchemas(document: { paths?: unknown; schemas: object }): string[] {
  const schemas = new Map<string, unknown>(Object.entries(document.schemas))
  const used = new Set<string>()
  const waiting: unknown[] = [document.paths]
  while (waiting.length > 0) {
    const node = waiting.pop()
    if (typeof node !== 'object' || node === null) continue
    waiting.push(...Object.values(node))
    if (!('$ref' in node) || typeof node.$ref !== 'string' || !node.$ref.startsWith(prefix)) continue
    const name = node.$ref.slice(prefix.length)
    if (used.has(name)) continue
    used.add(name)
    waiting.push(schemas.get(name))
  }
  return [...schemas.keys()].filter((name) => !used.has(name))
}

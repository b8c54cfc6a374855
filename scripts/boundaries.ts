import { dirname, join } from 'node:path/posix'
import { parseSync } from 'vite'

/** Violation is one place where the code crosses a boundary of the architecture: a file, its line, and what is wrong there. */
export type Violation = { path: string; line: number; message: string }

/**
 * moduleDirections says which other modules a module may use, always through their index.ts. A schema may name the tables of
 * any module below it, at any depth, for its foreign keys.
 */
export const moduleDirections: Readonly<Record<string, readonly string[]>> = {
  auth: [],
  audit: ['auth'],
  business: ['auth'],
  gamification: ['business', 'auth'],
  agent: ['gamification', 'business', 'auth'],
  chat: ['agent', 'business', 'auth'],
  webhooks: ['gamification', 'auth'],
}

const environmentReader = 'server/src/platform/config.ts'

type Zone =
  | { kind: 'process' | 'app' | 'platform' | 'test' | 'scripts' | 'web' | 'client' | 'other' }
  | { kind: 'module'; name: string; file: string }

/** zoneOf tells to which part of the architecture a file belongs. */
function zoneOf(path: string): Zone {
  if (/\.test\.tsx?$|\/testing\//.test(path) || path.startsWith('server/test/')) return { kind: 'test' }
  if (path === 'server/src/main.ts' || path === 'server/src/cli.ts') return { kind: 'process' }
  if (path.startsWith('server/src/platform/')) return { kind: 'platform' }
  const [, name, file] = /^server\/src\/modules\/([^/]+)\/(.+)$/.exec(path) ?? []
  if (name !== undefined && file !== undefined) return { kind: 'module', name, file }
  if (path.startsWith('server/src/')) return { kind: 'app' }
  for (const kind of ['scripts', 'web', 'client'] as const) if (path.startsWith(`${kind}/`)) return { kind }
  return { kind: 'other' }
}

/** findViolations checks source files, given by path below the project's root, against the architecture. Tests may reach anywhere. */
export function findViolations(files: ReadonlyMap<string, string>): Violation[] {
  return [...files].flatMap(([path, source]) => {
    const from = zoneOf(path)
    if (from.kind === 'test' || from.kind === 'scripts' || from.kind === 'other') return []
    const nodes = [...nodesOf(parseSync(path, source).program)]
    const places = nodes.flatMap((node) => {
      const target = importedBy(node)
      if (target === undefined) return []
      const message = target.startsWith('.')
        ? wrongImport({ from, to: zoneOf(join(dirname(path), target)), target })
        : wrongPackage(from, target)
      return [{ at: node.start, message }]
    })
    if (path.startsWith('server/') && path !== environmentReader) {
      const message = `reads process.env; only ${environmentReader} does that`
      for (const node of nodes) if (readsEnvironment(node)) places.push({ at: node.start, message })
    }
    return places.flatMap(({ at, message }) =>
      message === undefined ? [] : [{ path, line: source.slice(0, at).split('\n').length, message }],
    )
  })
}

function wrongPackage(from: Zone, name: string): string | undefined {
  if (from.kind === 'web' || !name.startsWith('@tangga/')) return undefined
  return `imports ${name}, which is for other programs`
}

function wrongImport(edge: { from: Zone; to: Zone; target: string }): string | undefined {
  const { from, to, target } = edge
  if (to.kind === 'test') return `imports ${target}, a test`
  if (from.kind === 'web' || from.kind === 'client') {
    return to.kind === from.kind ? undefined : `imports ${target}; ${from.kind}/ stands on the HTTP interface alone`
  }
  if (to.kind === 'scripts' || to.kind === 'web' || to.kind === 'client') {
    return `imports ${target}; the server does not depend on ${to.kind}/`
  }
  if (from.kind === 'process') return undefined
  if (to.kind === 'process') return `imports ${target}, which is a process of its own`
  if (to.kind === 'app' && from.kind !== 'app') return `imports ${target}; only main, cli and tests know the whole`
  if (to.kind === 'module' && from.kind === 'platform') return `imports ${target}; the platform knows no module`
  if (to.kind !== 'module') return undefined
  if (from.kind === 'module') {
    return from.name === to.name ? wrongLayer(from.file, to.file) : wrongModule(from, to)
  }
  return to.file === 'index.ts' ? undefined : `imports ${target}; a module is used through its index.ts`
}

function wrongModule(from: { name: string; file: string }, to: { name: string; file: string }): string | undefined {
  const allowed = moduleDirections[from.name]
  if (!allowed)
    return `belongs to the module ${from.name}, which has no line in moduleDirections (scripts/boundaries.ts)`
  if (from.file === 'schema.ts' && to.file === 'schema.ts') {
    if (modulesBelow(from.name).has(to.name)) return undefined
    return `names tables of ${to.name}, which does not stand below ${from.name}`
  }
  if (!allowed.includes(to.name)) {
    return `uses ${to.name}; ${from.name} may use ${allowed.join(', ') || 'no other module'}`
  }
  return to.file === 'index.ts'
    ? undefined
    : `reaches into ${to.name}/${to.file}; a module is used through its index.ts`
}

function modulesBelow(name: string): Set<string> {
  const direct = moduleDirections[name] ?? []
  return new Set([...direct, ...direct.flatMap((below) => [...modulesBelow(below)])])
}

const layers = ['schema', 'repository', 'service', 'routes'] as const
type Layer = (typeof layers)[number]

function layerOf(file: string): Layer | undefined {
  return layers.find((layer) => file === `${layer}.ts` || file.endsWith(`-${layer}.ts`))
}

function wrongLayer(fromFile: string, toFile: string): string | undefined {
  const from = layerOf(fromFile)
  const to = layerOf(toFile)
  if (to === 'routes' && from !== 'routes' && fromFile !== 'index.ts')
    return `imports ${toFile}; only index.ts does that`
  if (!from || !to) return undefined
  if (layers.indexOf(to) > layers.indexOf(from))
    return `imports ${toFile}; imports run routes, service, repository, schema`
  if (from === 'routes' && to !== 'routes' && to !== 'service')
    return `imports ${toFile}; routes speak to their service`
  return undefined
}

type SyntaxNode = { type: string; start: number } & Record<string, unknown>

function isSyntaxNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value
}

/** nodesOf walks a syntax tree (ESTree with types, as the parser of Vite makes it), parents before children. */
function* nodesOf(value: unknown): Generator<SyntaxNode> {
  if (isSyntaxNode(value)) yield value
  if (typeof value === 'object' && value !== null) for (const child of Object.values(value)) yield* nodesOf(child)
}

const importingNodes = new Set([
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
])

/** importedBy answers what a node imports, in any of the ways there are; an address made at run time is not seen. */
function importedBy(node: SyntaxNode): string | undefined {
  if (!importingNodes.has(node.type)) return undefined
  const source = nameIn(node['source'])
  return typeof source === 'string' ? source : undefined
}

/** readsEnvironment sees `process.env`, `process['env']`, and `env` imported by name. */
function readsEnvironment(node: SyntaxNode): boolean {
  if (node.type === 'MemberExpression')
    return nameIn(node['object']) === 'process' && nameIn(node['property']) === 'env'
  if (node.type !== 'ImportDeclaration' || !/^(node:)?process$/.test(String(nameIn(node['source'])))) return false
  return [...nodesOf(node['specifiers'])].some((found) => nameIn(found['imported']) === 'env')
}

/** nameIn is the name of an identifier, or the value of a literal. */
function nameIn(node: unknown): unknown {
  if (!isSyntaxNode(node)) return undefined
  return node.type === 'Identifier' ? node['name'] : node['value']
}

import assert from 'node:assert/strict'
import { glob, readFile, stat } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { before, test } from 'node:test'
import { z } from 'zod'
import { buildOpenApiDocument } from '../src/app.ts'
import { projectRoot } from '../src/project-root.ts'

const documents = new Map<string, string>()

before(async () => {
  const paths = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'client/README.md', 'bench/README.md']
  for await (const path of glob('docs/**/*.md', { cwd: projectRoot })) paths.push(path)
  for (const path of paths) documents.set(path, await readFile(join(projectRoot, path), 'utf8'))
})

/** withoutCode is a document without what stands in fences, where a # or a link means something else. */
const withoutCode = (text: string) => text.replaceAll(/^ *```.*?^ *```$/gms, '')

/** anchorsOf are what links to headings of a document are called. */
const anchorsOf = (text: string) =>
  [...withoutCode(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{Letter}\p{Number} _-]/gu, '')
      .replaceAll(' ', '-'),
  )

test('documents link to files and headings that exist', async () => {
  for (const [path, text] of documents) {
    for (const [, target = ''] of withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue
      const [file = '', anchor] = target.split('#')
      const linked = file === '' ? path : relative(projectRoot, join(projectRoot, dirname(path), file))
      const isThere = await stat(join(projectRoot, linked)).catch(() => undefined)
      assert.ok(isThere, `${path}: ${target} leads nowhere`)
      if (anchor === undefined) continue
      assert.ok(anchorsOf(documents.get(linked) ?? '').includes(anchor), `${path}: ${target} names no heading`)
    }
  }
})

test('documents name npm commands that exist', async () => {
  const { scripts } = z
    .object({ scripts: z.record(z.string(), z.string()) })
    .parse(JSON.parse(await readFile(join(projectRoot, 'package.json'), 'utf8')))
  for (const [path, text] of documents)
    for (const [command, name = ''] of text.matchAll(/\bnpm (?:run )?(start|test|(?<=run )[\w:-]+)/g))
      assert.ok(name in scripts, `${path}: ${command}`)
})

test('documents name addresses that exist', async () => {
  const { paths } = z
    .object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) })
    .parse(await buildOpenApiDocument())
  const beside = new Set(['/docs', '/api/v1', '/api/v1/openapi.json', '/openai/v1', '/mcp'])

  // An address may have its parts in braces or filled in.
  function isOperation(method: string | undefined, address: string): boolean {
    const parts = address.split('/')
    return Object.entries(paths).some(([known, methods]) => {
      const pattern = known.split('/')
      const fits =
        pattern.length === parts.length && pattern.every((part, at) => part.startsWith('{') || part === parts[at])
      return fits && (method === undefined || method.toLowerCase() in methods)
    })
  }

  for (const [path, text] of documents) {
    const written = [
      ...[...text.matchAll(/\b(GET|POST|PUT|PATCH|DELETE) (\/[\w/{}.-]+)/g)].map(([, method, found]) => ({
        method,
        found,
      })),
      ...[...text.matchAll(/(?:\$API|http:\/\/127\.0\.0\.1:8000)(\/[\w/{}$.-]+)/g)].map(([, found]) => ({
        method: undefined,
        found,
      })),
    ]
    for (const { method, found = '' } of written) {
      // The full stop of a sentence is no part of it.
      const address = found.replace(/\.$/, '')
      const isKnown = beside.has(address) || isOperation(method, address) || isOperation(method, `/api/v1${address}`)
      assert.ok(isKnown, `${path}: ${method ?? ''} ${address} is not in the OpenAPI document`)
    }
  }
})

test('every package has a line in a decision record', async () => {
  const versions = z.record(z.string(), z.string()).optional()
  const manifest = z.object({ dependencies: versions, devDependencies: versions, optionalDependencies: versions })
  const records = [...documents]
    .flatMap(([path, text]) => (path.startsWith('docs/decisions/') ? [text] : []))
    .join('\n')
  for (const folder of ['.', 'server', 'web', 'client']) {
    const text = await readFile(join(projectRoot, folder, 'package.json'), 'utf8')
    const groups = Object.values(manifest.parse(JSON.parse(text)))
    for (const name of groups.flatMap((group) => Object.keys(group ?? {})))
      assert.ok(records.includes(`\`${name}\``), `${name} of ${folder}/package.json`)
  }
})

test('documents name the Node that the server asks for', async () => {
  const text = await readFile(join(projectRoot, 'server/package.json'), 'utf8')
  const { engines } = z.object({ engines: z.object({ node: z.string() }) }).parse(JSON.parse(text))
  const version = engines.node.replace(/^>=(\d+\.\d+)\.0$/, '$1')
  for (const path of ['README.md', 'CONTRIBUTING.md', 'docs/guides/running.md', 'docs/decisions/0001-stack.md'])
    assert.ok(documents.get(path)?.includes(`${version} or newer`), `${path} names no Node ${version}`)
})

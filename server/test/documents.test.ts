import assert from 'node:assert/strict'
import { glob, readFile, stat } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { suite, test } from 'node:test'
import { z } from 'zod'
import { buildOpenApiDocument } from '../src/app.ts'
import { projectRoot } from '../src/project-root.ts'

const paths = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'client/README.md']
for await (const path of glob('docs/**/*.md', { cwd: projectRoot })) paths.push(path)
const documents = new Map<string, string>()
for (const path of paths) documents.set(path, await readFile(join(projectRoot, path), 'utf8'))

const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(await readFile(join(projectRoot, 'package.json'), 'utf8')))
const operations = z
  .object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) })
  .parse(await buildOpenApiDocument())
const shown = new Set(['/docs', '/api/v1/openapi.json'])

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

/** isOperation tells whether an address, with its parts in braces or filled in, is in the OpenAPI document. */
function isOperation(method: string | undefined, address: string): boolean {
  const parts = address.split('/')
  return Object.entries(operations.paths).some(([path, methods]) => {
    const pattern = path.split('/')
    const fits =
      pattern.length === parts.length && pattern.every((part, at) => part.startsWith('{') || part === parts[at])
    return fits && (method === undefined || method.toLowerCase() in methods)
  })
}

for (const [path, text] of documents) {
  suite(path, () => {
    test('links to files and headings that exist', async () => {
      for (const [, target = ''] of withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^https?:/.test(target)) continue
        const [file = '', anchor] = target.split('#')
        const linked = file === '' ? path : relative(projectRoot, join(projectRoot, dirname(path), file))
        assert.ok(await stat(join(projectRoot, linked)).catch(() => undefined), `${target} leads nowhere`)
        if (anchor === undefined) continue
        assert.ok(anchorsOf(documents.get(linked) ?? '').includes(anchor), `${target} names no heading`)
      }
    })

    test('names commands that exist', () => {
      for (const [command, name = ''] of text.matchAll(/\bnpm (?:run )?(start|test|(?<=run )[\w:-]+)/g))
        assert.ok(name in scripts, command)
    })

    test('names addresses that exist', () => {
      const written = [
        ...text.matchAll(/\b(GET|POST|PUT|PATCH|DELETE) (\/[\w/{}.-]+)/g),
        ...[...text.matchAll(/"?\$API(\/[\w/{}$.-]+)/g)].map(
          ([all, address = '']) => [all, undefined, address] as const,
        ),
        ...[...text.matchAll(/http:\/\/127\.0\.0\.1:8000(\/[\w/{}$.-]+)/g)].map(
          ([all, address = '']) => [all, undefined, address] as const,
        ),
      ]
      for (const [all, method, found = ''] of written) {
        // The full stop of a sentence is no part of it.
        const address = found.replace(/\.$/, '')
        if (shown.has(address) || address === '/api/v1') continue
        const isKnown = isOperation(method, address) || isOperation(method, `/api/v1${address}`)
        assert.ok(isKnown, `${all} is not in the OpenAPI document`)
      }
    })
  })
}

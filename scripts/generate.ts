import { mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { generatedKinds, generateFiles, isGeneratedKind, staleFiles } from './generated-files.ts'
import { projectRoot } from '../server/src/project-root.ts'

// `npm run generate [migrations|openapi|client]`: writes the files that are derived from the code; all of them by default.
// With `-- --check` it writes nothing and fails when one of them is stale.

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { check: { type: 'boolean', default: false } },
  })
  const kinds = positionals.length > 0 ? positionals.filter(isGeneratedKind) : generatedKinds
  if (kinds.length < positionals.length) throw new Error(`usage: npm run generate [${generatedKinds.join('|')}]`)

  let staleFound = 0
  for (const kind of kinds) {
    const files = await generateFiles(kind, projectRoot)
    const stale = await staleFiles(files, projectRoot)
    staleFound += stale.length
    if (values.check) {
      for (const path of stale) process.stdout.write(`${path} is stale: npm run generate ${kind}\n`)
      continue
    }
    for (const path of stale) await replaceFile(path, files.get(path) ?? '')
    process.stdout.write(stale.length > 0 ? `${kind}: wrote ${stale.join(', ')}\n` : `${kind}: already fresh\n`)
  }
  return values.check && staleFound > 0 ? 1 : 0
}

async function replaceFile(path: string, text: string): Promise<void> {
  const target = join(projectRoot, path)
  const aside = `${target}.${process.pid}`
  await mkdir(dirname(target), { recursive: true })
  await writeFile(aside, text)
  await rename(aside, target)
}

// The application that the OpenAPI document comes from may hold timers, so the end is explicit.
process.exit(
  await main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    return 1
  }),
)

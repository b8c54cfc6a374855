import { mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { generatedKinds, generateFiles, isGeneratedKind, staleFiles } from './generated-files.ts'
import { projectRoot } from './project.ts'

// `npm run generate [migrations|openapi|client]`: writes the files that are derived from the code; all of them by default.

const asked = process.argv.slice(2)
const kinds = asked.length > 0 ? asked.filter(isGeneratedKind) : generatedKinds
if (kinds.length < asked.length) {
  process.stderr.write(`usage: npm run generate [${generatedKinds.join('|')}]\n`)
  process.exit(2)
}

try {
  for (const kind of kinds) {
    const files = await generateFiles(kind, projectRoot)
    const stale = await staleFiles(files, projectRoot)
    for (const path of stale) {
      const target = join(projectRoot, path)
      await mkdir(dirname(target), { recursive: true })
      await writeFile(`${target}.${process.pid}`, files.get(path) ?? '')
      await rename(`${target}.${process.pid}`, target)
    }
    process.stdout.write(stale.length > 0 ? `${kind}: wrote ${stale.join(', ')}\n` : `${kind}: already fresh\n`)
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}

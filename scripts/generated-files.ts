import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generateClient } from './generate-client.ts'
import { generateMigrations } from './generate-migrations.ts'
import { generateOpenApi } from './generate-openapi.ts'

/** generatedKinds names what can be generated; a later one may be made from what an earlier one wrote. */
export const generatedKinds = ['migrations', 'openapi', 'client'] as const

/** GeneratedKind is one of the things that are derived from the code. */
export type GeneratedKind = (typeof generatedKinds)[number]

/** isGeneratedKind tells whether a word from the command line names a generated kind. */
export function isGeneratedKind(word: string): word is GeneratedKind {
  return generatedKinds.some((kind) => kind === word)
}

/** generateFiles answers what the files of a kind should hold, as paths below `root` with their texts; it writes nothing there. */
export function generateFiles(kind: GeneratedKind, root: string): Promise<Map<string, string>> {
  switch (kind) {
    case 'migrations':
      return generateMigrations(root)
    case 'openapi':
      return generateOpenApi()
    case 'client':
      return generateClient(root)
  }
}

/** staleFiles lists those of `files` that are absent below `root` or hold something else. */
export async function staleFiles(files: Map<string, string>, root: string): Promise<string[]> {
  const stale: string[] = []
  for (const [path, wanted] of files) {
    const found = await readFile(join(root, path), 'utf8').catch(() => undefined)
    if (found !== wanted) stale.push(path)
  }
  return stale
}

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './run.ts'

/** generateClient answers client/src/schema.ts, the types of server/openapi.json as it lies on disk. */
export async function generateClient(root: string): Promise<Map<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'tangga-client-'))
  try {
    const output = join(folder, 'schema.ts')
    // The package belongs to the client's workspace and brings a TypeScript of its own, so npm keeps it there.
    const main = createRequire(join(root, 'client/package.json')).resolve('openapi-typescript')
    const args = [join(main, '../../bin/cli.js'), join(root, 'server/openapi.json'), '--output', output]
    const result = await run(process.execPath, args, { cwd: root })
    if (result.code !== 0) throw new Error(`openapi-typescript failed:\n${result.output.trim()}`)
    return new Map([['client/src/schema.ts', await readFile(output, 'utf8')]])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

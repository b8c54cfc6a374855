import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { Account } from '../account.ts'
import { runningAs } from '../account.ts'

// For tests: a process of its own that opens the embedded database, so that it can be killed, interrupted or run as
// somebody else.

/** StoreProcessOptions is what the process is told; `writes`: it inserts rows and says so after each commit. */
export const storeProcessOptions = z.object({
  dataDir: z.string(),
  projectRoot: z.string(),
  movedTo: z.string(),
  exclusive: z.boolean(),
  writes: z.boolean().default(false),
})
export type StoreProcessOptions = z.input<typeof storeProcessOptions>

/** storeProcessLine is one line that the process prints. */
export const storeProcessLine = z.union([
  z.object({ ready: z.object({ dataDir: z.string(), uid: z.number() }) }),
  z.object({ refused: z.string() }),
  z.object({ log: z.string() }),
  z.object({ written: z.number() }),
  z.object({ rowsAfterInterrupt: z.number() }),
])
export type StoreProcessLine = z.infer<typeof storeProcessLine>

/** StoreProcess is that process seen from the test; it leads a process group of its own. */
export type StoreProcess = {
  pid: number
  lines: StoreProcessLine[]
  /** until resolves with the first line, past or future, that `pick` makes something of; the end of the process rejects. */
  until<Found>(pick: (line: StoreProcessLine) => Found | undefined): Promise<Found>
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}

/** startStoreProcess starts it, as another account if one is given. */
export function startStoreProcess(options: StoreProcessOptions, account?: Account): StoreProcess {
  const program = fileURLToPath(import.meta.resolve('./store-process-main.ts'))
  const child = spawn(process.execPath, [program, JSON.stringify(options)], {
    ...runningAs(account),
    cwd: '/',
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines: StoreProcessLine[] = []
  const listeners = new Set<() => void>()
  let rest = ''
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  child.stdout.on('data', (chunk: Buffer) => {
    const complete = (rest + chunk.toString()).split('\n')
    rest = complete.pop() ?? ''
    lines.push(...complete.map((line) => storeProcessLine.parse(JSON.parse(line))))
    for (const listener of listeners) listener()
  })
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal })),
  )
  if (child.pid === undefined) throw new Error('The store process did not start.')
  return {
    pid: child.pid,
    lines,
    exited,
    until: (pick) =>
      new Promise((resolve, reject) => {
        const look = () => {
          for (const line of lines) {
            const found = pick(line)
            if (found !== undefined) {
              listeners.delete(look)
              resolve(found)
              return
            }
          }
        }
        listeners.add(look)
        look()
        void exited.then(({ code, signal }) =>
          reject(
            new Error(`The store process ended (${code ?? signal}): ${JSON.stringify(lines.slice(-3))} ${stderr}`),
          ),
        )
      }),
  }
}

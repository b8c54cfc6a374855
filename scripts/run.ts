import { spawn } from 'node:child_process'

/** CommandResult is how a child process ended: its exit code (1 when a signal ended it) and its output. */
export type CommandResult = { code: number; output: string; durationMs: number }

/** RunOptions says where and with what a command runs; `env` is laid over the environment of this process. */
export type RunOptions = { cwd: string; env?: Record<string, string | undefined> }

/** run starts a program, waits for its end, and hands back its standard output and error as one text, in the order they came. */
export function run(command: string, args: string[], options: RunOptions): Promise<CommandResult> {
  const startedAt = performance.now()
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const pieces: Buffer[] = []
    child.stdout.on('data', (piece: Buffer) => pieces.push(piece))
    child.stderr.on('data', (piece: Buffer) => pieces.push(piece))
    child.on('error', reject)
    child.on('close', (code) =>
      resolve({
        code: code ?? 1,
        output: Buffer.concat(pieces).toString('utf8'),
        durationMs: performance.now() - startedAt,
      }),
    )
  })
}

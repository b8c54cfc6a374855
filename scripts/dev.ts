import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { projectRoot } from '../server/src/project-root.ts'

// `npm run dev`: the server, started anew when its files change, and Vite with the web app, which hands /api to the server.
// Both stop together: with Ctrl-C, or when one of them ends.

const vite = join(projectRoot, 'node_modules/vite/bin/vite.js')
const children: { name: string; child: ChildProcess }[] = [
  { name: 'server', child: start(['--watch', '--watch-preserve-output', 'server/src/main.ts'], projectRoot) },
  { name: 'web', child: start([vite, '--clearScreen', 'false'], join(projectRoot, 'web')) },
]

function start(args: string[], cwd: string): ChildProcess {
  // Without a process group of their own, Ctrl-C would reach the children before it is passed on, and so twice.
  return spawn(process.execPath, args, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
  })
}

let stopping = false
function stop(): void {
  stopping = true
  for (const { child } of children) child.kill('SIGTERM')
}

const width = Math.max(...children.map(({ name }) => name.length))
for (const { name, child } of children) {
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue
    createInterface({ input: stream }).on('line', (line) => process.stdout.write(`${name.padEnd(width)} | ${line}\n`))
  }
  child.on('exit', (code, signal) => {
    if (stopping) return
    process.stdout.write(`${name.padEnd(width)} | ended (${signal ?? code}); stopping the rest\n`)
    process.exitCode = 1
    stop()
  })
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop)

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Usage } from './chat/serve-parent.ts'
import type { LoadJob, LoadResult } from './load.ts'

const script = (name: string) => new URL(name, import.meta.url)

type Memory = { heapUsed: number; external: number; arrayBuffers: number; rss: number }

/** BenchServer is the service in a process of its own. */
export type BenchServer = {
  url: string
  /** From the start of the process until it serves, and until it answers ranks from memory. */
  listeningMs: number
  warmMs: number
  setConstant(body: string): void
  /** memory is what is in use after a collection, in bytes, and the CPU time so far, in microseconds. */
  memory(): Promise<{ memory: Memory; cpu: NodeJS.CpuUsage }>
  /** usage is what the process has used so far, as it stands. */
  usage(): Promise<Usage>
  stop(): Promise<void>
}

/**
 * startBenchServer starts the service on a database and waits until it answers ranks from memory. `environment` are
 * settings beside those that every bench has.
 */
export async function startBenchServer(
  databaseUrl: string,
  secretKey: string,
  environment: Record<string, string> = {},
): Promise<BenchServer> {
  const args = [databaseUrl, secretKey, JSON.stringify(environment)]
  const child = fork(script('bench-server.ts'), args, { execArgv: ['--expose-gc'] })
  const ready = await reply<{ url: string; listeningMs: number; warmMs: number }>(child)
  return {
    ...ready,
    setConstant: (body) => void child.send({ static: body }),
    memory() {
      const answer = reply<{ memory: Memory; cpu: NodeJS.CpuUsage }>(child)
      child.send({ memory: true })
      return answer
    },
    usage() {
      const answer = reply<Usage>(child)
      child.send({ usage: true })
      return answer
    },
    async stop() {
      const ended = once(child, 'exit')
      child.send({ stop: true })
      await ended
    },
  }
}

/** Generator is a load generator in a process of its own. */
export type Generator = { run(job: LoadJob): Promise<LoadResult>; stop(): void }

/** startGenerator starts one; it idles until it gets a job. */
export function startGenerator(): Generator {
  const child = fork(script('load.ts'))
  return {
    run(job) {
      const answer = reply<LoadResult>(child)
      child.send(job)
      return answer
    },
    stop: () => void child.kill(),
  }
}

/** reply is the next message of a child process; it rejects when the process ends first. */
export async function reply<T>(child: ChildProcess): Promise<T> {
  const aborted = new AbortController()
  const gone = once(child, 'exit', { signal: aborted.signal }).then(([code]) => {
    throw new Error(`a process of the bench ended with ${code}`)
  })
  try {
    const [message] = await Promise.race([once(child, 'message', { signal: aborted.signal }), gone])
    return message
  } finally {
    gone.catch(() => {})
    aborted.abort()
  }
}

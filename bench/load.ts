import { once } from 'node:events'
import net from 'node:net'
import { ownerToken } from './owner-token.ts'

// A load generator, always a process of its own. It is told what to do over the IPC channel and answers with what it
// counted: LoadResult.

/** LoadJob is one slice of load: `rate` requests a second over all connections, or as many as go. */
export type LoadJob = {
  url: string
  path: string
  /** Another path to compare with: each connection asks STRETCH times the one, then as often the other, and so on. */
  beside?: string
  method: 'GET' | 'POST'
  connections: number
  durationMs: number
  rate?: number
  /** Owners to call as, by the seed's numbers: each request takes another one. */
  owners: number
  secretKey: string
  /** For POST: the event type; keys are made by the generator. */
  eventType?: string
}

/**
 * LoadResult is what a slice of load did, on both paths where there are two. Latencies are milliseconds, of up to 100,000
 * requests each.
 */
export type LoadResult = {
  requests: number
  errors: number
  perSecond: number
  latenciesMs: number[]
  besideMs: number[]
  cpuMs: number
  acknowledged: number
}

const TOKENS = 2_000
const STRETCH = 50
let key = 0

/** runLoad carries out a job in this process. */
export async function runLoad(job: LoadJob): Promise<LoadResult> {
  const callers = Array.from({ length: Math.min(TOKENS, job.owners) }, (_, index) => {
    const n = 1 + Math.floor((index * job.owners) / Math.min(TOKENS, job.owners))
    return ownerToken(job.secretKey, n)
  })
  const target = new URL(job.path, job.url)
  const beside = job.beside === undefined ? undefined : new URL(job.beside, job.url)
  const latenciesMs: number[] = []
  const besideMs: number[] = []
  const cpu = process.cpuUsage()
  const start = performance.now()
  const end = start + job.durationMs
  let requests = 0
  let errors = 0
  let next = Math.floor(Math.random() * callers.length)

  function request({ pathname, search }: URL): string {
    const body =
      job.eventType === undefined
        ? ''
        : `{"type":"${job.eventType}","idempotency_key":"${process.pid}-${key++}-${Math.floor(start)}"}`
    const head = `${job.method} ${pathname}${search} HTTP/1.1\r\nhost: ${target.host}\r\nauthorization: ${callers[next++ % callers.length]}\r\n`
    return body === ''
      ? `${head}\r\n`
      : `${head}content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
  }

  await Promise.all(
    Array.from({ length: job.connections }, async (_, index) => {
      const connection = await connect(target)
      for (let turn = 0; performance.now() < end; turn++) {
        if (job.rate !== undefined) {
          const due = start + ((turn * job.connections + index) * 1000) / job.rate
          const wait = due - performance.now()
          if (wait > 1) await new Promise((resolve) => setTimeout(resolve, wait))
          if (performance.now() >= end) break
        }
        const isBeside = beside !== undefined && turn % (2 * STRETCH) >= STRETCH
        const latencies = isBeside ? besideMs : latenciesMs
        const began = performance.now()
        const status = await connection.exchange(request(isBeside ? beside : target))
        requests++
        if (status >= 300) errors++
        if (latencies.length < 100_000) latencies.push(performance.now() - began)
      }
      connection.close()
    }),
  )
  const seconds = (performance.now() - start) / 1000
  const used = process.cpuUsage(cpu)
  return {
    requests,
    errors,
    perSecond: requests / seconds,
    latenciesMs,
    besideMs,
    cpuMs: (used.user + used.system) / 1000,
    acknowledged: requests - errors,
  }
}

type Connection = { exchange(request: string): Promise<number>; close(): void }

// One HTTP/1.1 connection, one request at a time. It reads no more of an answer than where it ends, so that the generator
// needs far less of the machine than the server it measures.
async function connect(target: URL): Promise<Connection> {
  const socket = net.connect({ host: target.hostname, port: Number(target.port), noDelay: true })
  await once(socket, 'connect')
  let received = Buffer.alloc(0)
  let settle: { resolve: (status: number) => void; reject: (error: Error) => void } | undefined
  socket.on('data', (chunk) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
    const headEnd = received.indexOf('\r\n\r\n')
    if (headEnd === -1) return
    const head = received.toString('latin1', 0, headEnd)
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
    if (received.length < headEnd + 4 + length) return
    received = received.subarray(headEnd + 4 + length)
    settle?.resolve(Number(head.slice(9, 12)))
  })
  socket.on('error', (error) => settle?.reject(error))
  socket.on('close', () => settle?.reject(new Error('the server closed the connection')))
  return {
    exchange: (request) =>
      new Promise((resolve, reject) => {
        settle = { resolve, reject }
        socket.write(request)
      }),
    close() {
      settle = undefined
      socket.destroy()
    },
  }
}

if (import.meta.main) {
  process.on('message', (job: LoadJob) => {
    void runLoad(job).then((result) => process.send?.(result))
  })
}

import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Received is one request as it came over the wire. */
export type Received = {
  method: string
  path: string
  headers: IncomingHttpHeaders
  body: string
}

/** Reply is what a receiver does with a request: answers, never answers, answers a byte at a time without end, or hangs up. */
export type Reply = { status: number; body?: string; headers?: Record<string, string> } | 'hang' | 'trickle' | 'reset'

/** Receiver is a webhook receiver on loopback. */
export type Receiver = Awaited<ReturnType<typeof startReceiver>>

/** startReceiver listens on a port of its own and answers each request with what `reply` says. */
export async function startReceiver(reply: (request: Received) => Reply | Promise<Reply>) {
  const requests: Received[] = []
  const waiting: { count: number; resolve: () => void }[] = []
  let connections = 0

  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const received: Received = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      }
      requests.push(received)
      for (const waiter of waiting) if (requests.length >= waiter.count) waiter.resolve()
      void Promise.resolve(reply(received)).then((answer) => respond(response, answer))
    })
  })
  server.on('connection', () => connections++)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  return {
    port,
    url: `http://127.0.0.1:${port}`,
    requests,
    get connections() {
      return connections
    },
    /** reached resolves when that many requests have come in. */
    reached: (count: number) =>
      new Promise<void>((resolve) => {
        if (requests.length >= count) resolve()
        else waiting.push({ count, resolve })
      }),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function respond(response: ServerResponse, answer: Reply): void {
  if (answer === 'hang') return
  if (answer === 'reset') return void response.destroy()
  if (answer === 'trickle') {
    response.writeHead(200)
    const timer = setInterval(() => response.write('.'), 10)
    response.on('close', () => clearInterval(timer))
    return
  }
  response.writeHead(answer.status, answer.headers).end(answer.body)
}

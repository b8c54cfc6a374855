import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net'
import { after, afterEach, describe, test } from 'node:test'
import { createDestinations } from './destinations.ts'
import { createSender } from './sender.ts'
import { startReceiver } from './testing/receiver.ts'

const signal = new AbortController().signal
const toClose: { close(): unknown }[] = []
afterEach(async () => {
  for (const thing of toClose.splice(0)) await thing.close()
})

function senderWith(options: {
  addresses?: (hostname: string) => string[]
  allowPrivate?: boolean
  timeLimitMs?: number
}) {
  const { addresses = () => ['127.0.0.1'], allowPrivate = true, timeLimitMs = 10_000 } = options
  const destinations = createDestinations({ allowPrivate, resolveHost: async (hostname) => addresses(hostname) })
  const sender = createSender({ destinations, timeLimitMs })
  toClose.push(sender)
  return (url: string) => sender.send({ url, headers: { 'x-test': 'yes' }, body: '{"a":1}', signal })
}

async function receiverWith(...args: Parameters<typeof startReceiver>) {
  const receiver = await startReceiver(...args)
  toClose.push(receiver)
  return receiver
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return port
}

describe('what is sent', () => {
  test('is a POST with headers and body, and the answer comes back with its first bytes', async () => {
    const receiver = await receiverWith(() => ({ status: 202, body: 'thank you' }))
    const answer = await senderWith({})(`${receiver.url}/in?x=1`)
    assert.deepEqual({ ...answer, durationMs: 0 }, { status: 202, body: 'thank you', durationMs: 0, error: null })
    const [request] = receiver.requests
    assert.deepEqual([request?.method, request?.path, request?.body], ['POST', '/in?x=1', '{"a":1}'])
    assert.equal(request?.headers['x-test'], 'yes')
  })

  test('takes no proxy from the environment', async () => {
    const receiver = await receiverWith(() => ({ status: 200 }))
    const proxy = await receiverWith(() => ({ status: 200 }))
    const names = ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY']
    for (const name of names) process.env[name] = proxy.url
    after(() => names.forEach((name) => delete process.env[name]))
    await senderWith({})(receiver.url)
    assert.deepEqual([receiver.requests.length, proxy.requests.length], [1, 0])
  })
})

describe('where it goes', () => {
  test('is the very address that was checked, whatever the name says a moment later', async () => {
    const receiver = await receiverWith(() => ({ status: 200 }))
    const asked: string[] = []
    // Nobody listens at 127.0.0.2, so a second look at the name would fail.
    const addresses = (hostname: string) => [asked.push(hostname) === 1 ? '127.0.0.1' : '127.0.0.2']
    const answer = await senderWith({ addresses })(`http://hooks.example.org:${receiver.port}/`)
    assert.equal(answer.status, 200)
    assert.deepEqual(asked, ['hooks.example.org'])
    assert.equal(receiver.requests[0]?.headers.host, `hooks.example.org:${receiver.port}`)
  })

  test('is never an address that is not public, also not as one of several', async () => {
    const receiver = await receiverWith(() => ({ status: 200 }))
    for (const found of [['127.0.0.1'], ['::ffff:127.0.0.1'], ['93.184.215.14', '127.0.0.1'], ['10.0.0.1'], []]) {
      const send = senderWith({ allowPrivate: false, addresses: () => found })
      const answer = await send(`https://hooks.example.org:${receiver.port}/`)
      assert.equal(answer.status, null)
      assert.match(answer.error ?? '', found.length > 0 ? /not on the public internet/ : /cannot be resolved/)
    }
    assert.equal(receiver.connections, 0)
  })

  test('is refused by the look of it: other schemes, credentials, IP addresses in any spelling', async () => {
    const receiver = await receiverWith(() => ({ status: 200 }))
    const send = senderWith({ allowPrivate: false })
    const { port } = receiver
    for (const url of [
      `https://127.0.0.1:${port}/`,
      `https://0x7f.1:${port}/`,
      `https://2130706433:${port}/`,
      `https://[::1]:${port}/`,
      `https://[::ffff:127.0.0.1]:${port}/`,
      `http://hooks.example.org:${port}/`,
      `https://me:pass@hooks.example.org:${port}/`,
      'ftp://hooks.example.org/',
      'not an address',
    ]) {
      const answer = await send(url)
      assert.equal(answer.status, null, url)
      assert.match(answer.error ?? '', /^The address /, url)
    }
    assert.equal(receiver.connections, 0)
  })

  test('is asked for by its name in TLS', async () => {
    const hellos: Buffer[] = []
    const server = createTcpServer((socket) => {
      socket
        .on('error', () => {})
        .once('data', (hello) => {
          hellos.push(hello)
          socket.destroy()
        })
    })
    const port = await listening(server)
    toClose.push(server)
    const answer = await senderWith({})(`https://hooks.example.org:${port}/`)
    assert.equal(answer.status, null)
    assert.ok(answer.error)
    assert.ok(hellos[0]?.includes('hooks.example.org'), 'the name is in the ClientHello')
  })

  test('is not where a redirect points to', async () => {
    const inner = await receiverWith(() => ({ status: 200 }))
    const receiver = await receiverWith(() => ({ status: 307, headers: { location: inner.url } }))
    const answer = await senderWith({})(receiver.url)
    assert.equal(answer.status, 307)
    assert.equal(inner.connections, 0)
  })
})

describe('time and size are limited:', () => {
  test('a receiver that hangs', async () => {
    const receiver = await receiverWith(() => 'hang')
    const answer = await senderWith({ timeLimitMs: 50 })(receiver.url)
    assert.equal(answer.status, null)
    assert.equal(answer.error, 'No answer within 0.05 s.')
  })

  test('a name that does not resolve in time', async () => {
    const destinations = createDestinations({ allowPrivate: true, resolveHost: () => new Promise(() => {}) })
    const sender = createSender({ destinations, timeLimitMs: 50 })
    toClose.push(sender)
    const answer = await sender.send({ url: 'http://hooks.example.org/', headers: {}, body: '', signal })
    assert.equal(answer.error, 'No answer within 0.05 s.')
  })

  test('an answer that goes on for ever is cut at 4 KB, and its status counts', async () => {
    const receiver = await receiverWith(() => ({ status: 200, body: 'x'.repeat(100_000) }))
    const answer = await senderWith({})(receiver.url)
    assert.equal(answer.status, 200)
    assert.equal(answer.body?.length, 4_096)
  })

  test('an answer that trickles is cut when time is up, and its status counts', async () => {
    const receiver = await receiverWith(() => 'trickle')
    const answer = await senderWith({ timeLimitMs: 200 })(receiver.url)
    assert.equal(answer.status, 200)
    assert.ok((answer.body?.length ?? 0) < 4_096)
  })

  test('nobody who answers', async () => {
    const server = createTcpServer()
    const port = await listening(server)
    await new Promise((resolve) => server.close(resolve))
    const answer = await senderWith({})(`http://hooks.example.org:${port}/`)
    assert.equal(answer.status, null)
    assert.match(answer.error ?? '', /ECONNREFUSED/)
  })
})

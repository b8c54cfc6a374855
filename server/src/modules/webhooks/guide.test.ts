import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { after, test } from 'node:test'
import { startWebhookServer } from './testing/webhook-server.ts'

const guide = new URL('../../../../docs/guides/webhooks.md', import.meta.url)

test('the receiver of the guide takes an event once, and nothing that was not signed', async () => {
  const code = /```js\n(.*?)```/s.exec(await readFile(guide, 'utf8'))?.[1]
  assert.ok(code)
  const server = await startWebhookServer()
  const [business = ''] = await server.businesses(1)
  // Nobody listens there yet; the receiver has to know the secret before it can start.
  const { id, secret } = await server.hook('http://127.0.0.1:1/', { event_types: ['points'] })
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    // Where its package is found.
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    env: { PATH: process.env['PATH'], WEBHOOK_SECRET: secret, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  after(async () => {
    child.kill()
    await server.close()
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const nextLine = async (): Promise<string> => (await lines.next()).value ?? assert.fail('the receiver has ended')
  const port = /listening on (\d+)/.exec(await nextLine())?.[1]
  assert.ok(port)
  await server.admins('PUT', `/admin/webhooks/${id}`, { url: `http://127.0.0.1:${port}/` })

  await server.award(business, 7)
  const line = await nextLine()
  assert.match(line, /^points \d{4}-.*"points":7/)
  assert.ok(line.includes(business))
  await server.settled()
  const [delivery] = await server.deliveries(id)
  assert.deepEqual([delivery.status, delivery.answer], ['accepted', { status: 204, body: '' }])
  await server.admins('POST', `/admin/webhooks/deliveries/${delivery.id}/redeliver`)
  await server.settled()
  assert.equal((await server.deliveries(id))[0].status, 'accepted')

  const headers = { ...delivery.request.headers, 'webhook-signature': 'v1,bm90IHNpZ25lZA==' }
  const forged = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body: delivery.request.body })
  assert.equal(forged.status, 401)
  await server.award(business, 8)
  assert.match(await nextLine(), /"points":8/, 'what came before was taken once')
})

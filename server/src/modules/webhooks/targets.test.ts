import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startTestServer, type TestServer } from '../../../test/harness.ts'
import { newId } from '../../platform/ids.ts'
import { startReceiver } from './testing/receiver.ts'
import { startWebhookServer } from './testing/webhook-server.ts'

const HOOK = 'https://hooks.example.org/tangga?key=abc'

let server: TestServer
let admin: string
let addresses: string[] = ['93.184.215.14']
before(async () => {
  server = await startTestServer({ webhooks: { resolveHost: async () => addresses } })
  admin = await server.adminToken()
})
after(() => server.close())

const call = (method: string, path: string, body?: unknown, token: string | undefined = admin) =>
  server.api(method, path, { token, body })
const register = (fields: Record<string, unknown> = {}) => call('POST', '/admin/webhooks', { url: HOOK, ...fields })
const auditsOf = async (id: string) => {
  const { rows } = await server.pool.query(
    'SELECT action, before, after FROM audit_entries WHERE subject_id = $1 ORDER BY id',
    [id],
  )
  return rows
}

test('without a target nothing is kept for webhooks', async () => {
  const { business } = await server.owner()
  const body = { business_id: business.id, points: 1, reason: 'a test', idempotency_key: 'one' }
  assert.equal((await call('POST', '/admin/gamification/adjustments', body)).status, 201)
  await server.app.webhooks.courier.settled()
  for (const table of ['webhook_tail', 'webhook_lanes', 'webhook_deliveries'])
    assert.equal((await server.pool.query(`SELECT count(*) FROM ${table}`)).rows[0].count, 0, table)
})

describe('an admin', () => {
  test('registers a webhook for all event types and is shown its secret once', async () => {
    const created = await register()
    assert.equal(created.status, 201, created.text)
    const { secret, ...shown } = created.json
    assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/)
    assert.deepEqual(
      { ...shown, id: '', created_at: '', updated_at: '' },
      {
        id: '',
        url: HOOK,
        event_types: ['points', 'level_up', 'achievement'],
        description: null,
        active: true,
        disabled_reason: null,
        previous_secret_until: null,
        created_at: '',
        updated_at: '',
      },
    )
    assert.deepEqual((await call('GET', '/admin/webhooks')).json[0], shown)
  })

  test('has no secret written anywhere in clear', async () => {
    const { id, secret } = (await register()).json
    const rotated = (await call('POST', `/admin/webhooks/${id}/rotate-secret`, {})).json.secret
    const { rows: targets } = await server.pool.query('SELECT * FROM webhook_targets WHERE id = $1', [id])
    const stored = JSON.stringify([targets, await auditsOf(id), (await call('GET', '/admin/webhooks')).json])
    for (const clear of [secret, rotated]) {
      assert.ok(!stored.includes(clear))
      assert.ok(!stored.includes(clear.slice('whsec_'.length)))
    }
  })

  test('lists webhooks newest first, in pages without a gap', async () => {
    const ids: string[] = []
    for (const description of ['one', 'two', 'three']) ids.push((await register({ description })).json.id)
    const first = await call('GET', '/admin/webhooks?limit=2')
    const next = /^<([^>]+)>; rel="next"$/.exec(first.headers.get('link') ?? '')?.[1] ?? 'none'
    const second = await call('GET', next)
    const seen = [...first.json, ...second.json].map((hook: { id: string }) => hook.id)
    assert.deepEqual(seen.slice(0, 3), ids.toReversed())
  })

  test('changes any part of one, and only that', async () => {
    const { secret: _secret, updated_at: _before, ...hook } = (await register({ description: 'The till' })).json
    const changed = await call('PUT', `/admin/webhooks/${hook.id}`, { event_types: ['level_up', 'level_up'] })
    assert.equal(changed.status, 200, changed.text)
    const { updated_at: _now, ...rest } = changed.json
    assert.deepEqual(rest, { ...hook, event_types: ['level_up'] })
    const moved = await call('PUT', `/admin/webhooks/${hook.id}`, { url: 'https://other.example.org', active: false })
    assert.deepEqual([moved.json.url, moved.json.active], ['https://other.example.org/', false])
    const unknown = await call('PUT', `/admin/webhooks/${hook.id}`, { secret: 'mine', disabled_reason: 'gone' })
    assert.deepEqual([unknown.status, unknown.json.disabled_reason], [200, null])
  })

  test('deletes one, with everything about it', async () => {
    const { id } = (await register()).json
    const deleted = await call('DELETE', `/admin/webhooks/${id}`)
    assert.deepEqual([deleted.status, deleted.text], [204, ''])
    for (const [method, path] of [
      ['PUT', ''],
      ['DELETE', ''],
      ['GET', '/deliveries'],
      ['POST', '/test'],
      ['POST', '/rotate-secret'],
    ] as const)
      assert.equal((await call(method, `/admin/webhooks/${id}${path}`, method === 'PUT' ? {} : undefined)).status, 404)
    const { rows } = await server.pool.query('SELECT secret FROM webhook_targets WHERE id = $1', [id])
    assert.equal(rows[0].secret, '')
  })

  test('leaves a trace of every change, without secrets and without the query of the address', async () => {
    const { id } = (await register()).json
    await call('PUT', `/admin/webhooks/${id}`, { active: false })
    await call('PUT', `/admin/webhooks/${id}`, { active: false })
    await call('PUT', `/admin/webhooks/${id}`, { url: HOOK.replace('abc', 'def') })
    await call('POST', `/admin/webhooks/${id}/rotate-secret`)
    await call('DELETE', `/admin/webhooks/${id}`)
    const audits = await auditsOf(id)
    assert.deepEqual(
      audits.map(({ action }) => action),
      ['webhook.create', 'webhook.update', 'webhook.update', 'webhook.rotate_secret', 'webhook.delete'],
    )
    const state = {
      url: 'https://hooks.example.org/tangga',
      event_types: ['points', 'level_up', 'achievement'],
      description: null,
      active: true,
      disabled_reason: null,
    }
    assert.deepEqual(audits[0].after, state)
    assert.ok(!JSON.stringify(audits).includes('key='))
    assert.deepEqual([audits[1].before, audits[1].after], [state, { ...state, active: false }])
  })

  test('is refused what is none', async () => {
    const { id } = (await register()).json
    for (const body of [
      {},
      { url: '' },
      { url: 'hooks' },
      { url: `https://example.org/${'x'.repeat(2_000)}` },
      { url: HOOK, event_types: [] },
      { url: HOOK, event_types: ['ping'] },
      { url: HOOK, active: 'yes' },
      { url: HOOK, description: 'x'.repeat(201) },
    ])
      assert.equal((await call('POST', '/admin/webhooks', body)).status, 422, JSON.stringify(body))
    assert.equal((await call('PUT', `/admin/webhooks/${id}`, { url: 'https://127.0.0.1/' })).status, 422)
    assert.equal((await call('POST', `/admin/webhooks/${id}/rotate-secret`, { overlap_hours: 169 })).status, 422)
    for (const query of ['status=lost', 'limit=0', 'cursor=nonsense'])
      assert.equal((await call('GET', `/admin/webhooks/${id}/deliveries?${query}`)).status, 422, query)
    assert.equal((await call('GET', '/admin/webhooks?cursor=nonsense')).status, 422)
    assert.equal((await call('PUT', '/admin/webhooks/first', {})).status, 422)
    for (const [method, path, body] of everything(newId()))
      if (path !== '/admin/webhooks') assert.equal((await call(method, path, body)).status, 404, path)
  })
})

/** everything is one call of each endpoint. */
const everything = (id: string): [string, string, unknown?][] => [
  ['POST', '/admin/webhooks', { url: HOOK }],
  ['GET', '/admin/webhooks'],
  ['PUT', `/admin/webhooks/${id}`, {}],
  ['DELETE', `/admin/webhooks/${id}`],
  ['POST', `/admin/webhooks/${id}/rotate-secret`],
  ['POST', `/admin/webhooks/${id}/test`],
  ['GET', `/admin/webhooks/${id}/deliveries`],
  ['POST', `/admin/webhooks/deliveries/${id}/redeliver`],
]

test('nobody but admins gets in', async () => {
  const { id } = (await register()).json
  const { token } = await server.owner()
  for (const [method, path, body] of everything(id)) {
    assert.equal((await server.api(method, path, { body })).status, 401, `${method} ${path}`)
    assert.equal((await call(method, path, body, token)).status, 403, `${method} ${path}`)
  }
  assert.equal((await call('GET', '/admin/webhooks')).json[0].id, id)
})

test('there can be fifty, and not one more', async () => {
  const held = (await call('GET', '/admin/webhooks?limit=200')).json.length
  for (let count = held; count < 50; count++) assert.equal((await register()).status, 201)
  const refused = await register()
  assert.deepEqual([refused.status, refused.json.code], [409, 'too_many_webhooks'])
  for (const { id } of (await call('GET', '/admin/webhooks?limit=200')).json)
    await call('DELETE', `/admin/webhooks/${id}`)
})

describe('where webhooks may go', () => {
  test('is public https alone: anything else is refused when it is registered', async () => {
    for (const url of [
      'http://hooks.example.org/',
      'ftp://hooks.example.org/',
      'javascript:alert(1)',
      'https://admin:pass@hooks.example.org/',
      'https://127.0.0.1/',
      'https://2130706433/',
      'https://0x7f000001/',
      'https://10.1.2.3/',
      'https://169.254.169.254/latest/meta-data',
      'https://100.64.0.1/',
      'https://[::1]/',
      'https://[::ffff:127.0.0.1]/',
      'https://[::ffff:7f00:1]/',
      'https://[fd00::1]/',
      'https://[fe80::1]/',
      'https://[64:ff9b::7f00:1]/',
    ]) {
      const refused = await register({ url })
      assert.deepEqual([refused.status, refused.json.code], [422, 'url_not_allowed'], url)
      assert.equal(refused.json.errors[0].path, 'url')
    }
  })

  test('depends on all addresses of a name', async () => {
    for (const found of [['127.0.0.1'], ['93.184.215.14', '10.0.0.1'], ['::ffff:192.168.0.1'], []]) {
      addresses = found
      assert.equal((await register()).status, 422, found.join())
    }
    addresses = ['93.184.215.14', '2606:2800:21f:cb07:6820:80da:af6b:8b2c']
    assert.equal((await register()).status, 201)
  })

  test('is asked again at each delivery: a name that has moved to loopback gets nothing', async () => {
    const receiver = await startReceiver(() => ({ status: 200 }))
    addresses = ['93.184.215.14']
    const { id } = (await register({ url: `https://hooks.example.org:${receiver.port}/` })).json
    addresses = ['127.0.0.1']
    const { business } = await server.owner()
    const body = { business_id: business.id, points: 1, reason: 'a test', idempotency_key: 'two' }
    assert.equal((await call('POST', '/admin/gamification/adjustments', body)).status, 201)
    await server.app.webhooks.courier.settled()
    const [delivery] = (await call('GET', `/admin/webhooks/${id}/deliveries`)).json
    assert.deepEqual([delivery.status, delivery.attempts, delivery.answer], ['pending', 1, null])
    assert.match(delivery.error, /not on the public internet/)
    const ping = await call('POST', `/admin/webhooks/${id}/test`)
    assert.deepEqual([ping.json.status, ping.json.answer], ['parked', null])
    assert.equal(receiver.connections, 0)
    await receiver.close()
  })

  test('includes http and private networks where the setting says so, but never credentials', async () => {
    const open = await startWebhookServer({ webhooks: { resolveHost: async () => ['10.0.0.1'] } })
    for (const url of ['http://127.0.0.1:1/', 'https://10.0.0.1/', 'http://shop.internal/', 'http://[::1]/'])
      assert.equal((await open.admins('POST', '/admin/webhooks', { url })).status, 201, url)
    for (const url of ['http://me:pass@127.0.0.1/', 'ftp://127.0.0.1/', 'unix:/run/x'])
      assert.equal((await open.admins('POST', '/admin/webhooks', { url })).status, 422, url)
    await open.close()
  })
})

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { z } from 'zod'
import { createLog } from '../logger.ts'
import type { App } from './app-types.ts'
import { refuseWhileDraining } from './draining.ts'
import { createHttp } from './server.ts'

describe('while the process goes down', () => {
  let app: App
  let draining = false
  const { promise: gate, resolve: open } = Promise.withResolvers<void>()
  before(async () => {
    app = await createHttp({
      log: createLog({ level: 'silent' }),
      trustProxy: undefined,
      corsOrigins: [],
      https: false,
    })
    refuseWhileDraining(app, () => draining)
    const response = { 200: z.object({ done: z.boolean() }) }
    app.get('/slow', { config: { access: 'public' }, schema: { response } }, async () => {
      await gate
      return { done: true }
    })
    const always = { config: { access: 'public', whileDraining: true }, schema: { response } } as const
    app.get('/alive', always, async () => ({ done: true }))
    await app.ready()
  })
  after(() => app.close())

  test('calls under way finish, new ones are told to try again, and the process still tells about itself', async () => {
    const begun = app.inject('/slow')
    // The call has come in when a later one is answered.
    await app.inject('/alive')
    draining = true
    for (const path of ['/slow', '/nothing']) {
      const refused = await app.inject(path)
      assert.equal(refused.statusCode, 503)
      assert.match(String(refused.headers['content-type']), /^application\/problem\+json/)
      assert.equal(refused.json().code, 'draining')
      assert.ok(Number(refused.headers['retry-after']) >= 1)
    }
    assert.equal((await app.inject('/alive')).statusCode, 200)
    open()
    assert.deepEqual((await begun).json(), { done: true })
  })
})

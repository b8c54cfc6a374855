import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'drizzle-orm'
import { createLog, type Log } from './logger.ts'
import { openPool } from './db/database.ts'

function linesOf(write: (log: Log) => void): string {
  let text = ''
  write(createLog({ level: 'trace' }, { write: (line: string) => void (text += line) }))
  return text
}

const secret = 'hunter2-and-more'

test('secrets are replaced wherever they are commonly held', () => {
  const holders = [
    { password: secret },
    { body: { password: secret, new_password: secret, current_password: secret, token: secret, api_key: secret } },
    { session: { access_token: secret, refresh_token: secret, secretKey: secret } },
    { headers: { authorization: secret, cookie: secret, 'set-cookie': secret, 'x-api-key': secret } },
    { req: { method: 'GET', url: `/api/v1/x?token=${secret}`, headers: { authorization: secret, cookie: secret } } },
  ]
  for (const holder of holders) {
    const text = linesOf((log) => log.info(holder, 'said'))
    assert.ok(!text.includes(secret), text)
    assert.match(text, /said/)
  }
})

test('a request is logged by its path, without what stands behind the question mark', () => {
  const text = linesOf((log) =>
    log.info({ req: { method: 'GET', url: '/api/v1/admin/users?q=sari@example.org', ip: '::1' } }),
  )
  assert.deepEqual(JSON.parse(text).req, { method: 'GET', path: '/api/v1/admin/users', ip: '::1' })
})

test('a lost connection is logged without the connection that hangs on its error', () => {
  const error = Object.assign(new Error('Connection terminated unexpectedly'), {
    code: 'ECONNRESET',
    client: { connectionParameters: { user: 'tangga', password: secret } },
  })
  const text = linesOf((log) => log.warn({ err: error }, 'a database connection was lost'))
  assert.ok(!text.includes(secret), text)
  const { err } = JSON.parse(text)
  assert.deepEqual([err.type, err.code, err.message], ['Error', 'ECONNRESET', 'Connection terminated unexpectedly'])
  assert.match(err.stack, /^\s+at /)
})

test('a failed statement is logged without its values, and so is whatever wraps it', async () => {
  const { db, pool } = openPool({ host: '/nowhere/at/all' }, () => {})
  const failure = await db.execute(sql`SELECT ${secret}::text`).catch((error: unknown) => error)
  await pool.end()
  assert.ok(failure instanceof Error && failure.message.includes(secret), 'the driver no longer shows values by itself')
  const text = linesOf((log) => log.error({ err: new Error('could not be stored', { cause: failure }) }, 'failed'))
  assert.ok(!text.includes(secret), text)
  assert.match(JSON.parse(text).err.cause.message, /^Failed query: SELECT \$1/)
})

test('whatever is thrown can be logged', () => {
  const loop = new Error('round')
  loop.cause = loop
  const refused = new AggregateError([new Error('connect ECONNREFUSED 127.0.0.1:1')], '')
  for (const thrown of [undefined, null, 'a text', 5, { password: secret }, loop, refused])
    assert.ok(!linesOf((log) => log.error({ err: thrown }, 'failed')).includes(secret))
  assert.match(
    linesOf((log) => log.error({ err: refused })),
    /ECONNREFUSED 127/,
  )
})

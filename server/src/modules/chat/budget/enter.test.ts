import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestServer } from '../../../../test/harness.ts'
import { enter } from './budget-repository.ts'

test('what is entered while its owner is being erased waits for that, and is entered without a name', async () => {
  const server = await startTestServer()
  const eraser = await server.pool.connect()
  try {
    const { token, user } = await server.owner()
    await server.api('POST', '/chat/completion', { token, body: { content: 'Hi' } })
    const [session] = (await server.api('GET', '/chat/sessions', { token })).json
    const entry = { sessionId: session.id, day: '2026-11-22', model: 'titles', tariff: null }
    await enter(server.db, { ...entry, usage: { inputTokens: 10, outputTokens: 1 } })

    await eraser.query('BEGIN')
    await eraser.query('SELECT FROM chat_sessions WHERE user_id = $1 FOR UPDATE', [user.id])
    const entered = enter(server.db, { ...entry, usage: { inputTokens: 20, outputTokens: 2 } })
    for (let waiting = 0; waiting === 0;)
      waiting = (await server.pool.query(`SELECT FROM pg_locks WHERE NOT granted`)).rowCount ?? 0
    await eraser.query('DELETE FROM chat_sessions WHERE user_id = $1', [user.id])
    await eraser.query('COMMIT')
    await entered

    const { rows } = await server.pool.query(
      `SELECT user_id, runs::int, input_tokens::int, output_tokens::int FROM chat_usage_days
      WHERE model = 'titles' ORDER BY input_tokens`,
    )
    const used = { runs: 0, input_tokens: 10, output_tokens: 1 }
    assert.deepEqual(rows, [
      { ...used, user_id: user.id },
      { ...used, user_id: null, input_tokens: 20, output_tokens: 2 },
    ])
    const days = await server.pool.query(
      `SELECT used_tokens::int FROM chat_budget_days WHERE user_id = $1 AND day = '2026-11-22'`,
      [user.id],
    )
    assert.deepEqual(days.rows, [{ used_tokens: 11 }])
  } finally {
    eraser.release()
    await server.close()
  }
})

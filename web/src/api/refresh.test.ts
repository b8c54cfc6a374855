import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Problem } from './problem.ts'
import { createRefresh } from './refresh.ts'

function setUp(answer: () => Promise<Response>) {
  const values = new Map<string, string>()
  const state = { now: 100_000, waited: 0, calls: 0, init: undefined as RequestInit | undefined }
  const refresh = createRefresh({
    fetch: (path, init) => {
      assert.equal(path, '/api/v1/auth/refresh')
      state.calls++
      state.init = init
      return answer()
    },
    storage: {
      getItem: (key) => values.get(key) ?? null,
      setItem: (key, value) => void values.set(key, value),
      removeItem: (key) => void values.delete(key),
    },
    now: () => state.now,
    wait: async (ms) => {
      state.waited += ms
      state.now += ms
    },
  })
  return { refresh, state, values }
}

const grant = { access_token: 'a', expires_in: 900 }

test('a refresh outlives its page, so that its answer can replace the cookie', async () => {
  const { refresh, state } = setUp(async () => Response.json(grant))
  assert.deepEqual(await refresh(), grant)
  assert.equal(state.init?.keepalive, true)
  assert.equal(state.waited, 0)
})

test('an exchange that a reload interrupted is waited for, so that no cookie is used twice', async () => {
  const { refresh, state, values } = setUp(async () => Response.json(grant))
  values.set('tangga.refresh-started', '99_000'.replace('_', ''))
  await refresh()
  assert.equal(state.waited, 2_000)
  assert.equal(values.size, 0)
  await refresh()
  assert.equal(state.waited, 2_000)
})

test('an old mark, or one from a clock that was set back, is not waited for', async () => {
  for (const mark of ['50000', '900000', 'nonsense']) {
    const { refresh, state, values } = setUp(async () => Response.json(grant))
    values.set('tangga.refresh-started', mark)
    await refresh()
    assert.equal(state.waited, 0, mark)
  }
})

test('a refused cookie means nobody is signed in; any other refusal is a problem', async () => {
  assert.equal(await setUp(async () => Response.json({ status: 401 }, { status: 401 })).refresh(), null)
  await assert.rejects(
    setUp(async () => Response.json({ detail: 'Restarting.', code: 'draining' }, { status: 503 })).refresh(),
    (error) => error instanceof Problem && error.status === 503 && error.code === 'draining',
  )
})

test('after an exchange without an answer the next one waits, since it may have taken place', async () => {
  const answers = [() => Promise.reject(new TypeError('Failed to fetch')), async () => Response.json(grant)]
  const { refresh, state } = setUp(() => answers.shift()?.() ?? assert.fail('asked too often'))
  await assert.rejects(refresh(), /Failed to fetch/)
  assert.deepEqual(await refresh(), grant)
  assert.equal(state.waited, 3_000)
})

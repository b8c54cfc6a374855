import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSession, type Grant, type SessionChannel, type SessionMessage } from './session.ts'

/**
 * A browser with a cookie and tabs: `refresh` works as the server does, so a cookie used twice ends the sign-in.
 * `now` is moved by the test.
 */
function browser() {
  const state = { now: 0, cookie: 1 as number | null, refreshes: 0, issued: 0, open: Promise.resolve() }
  const hearers = new Set<{ hear?: (message: SessionMessage) => void }>()
  let turn: Promise<unknown> = Promise.resolve()

  const exclusively = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work, work)
    turn = mine.catch(() => undefined)
    return mine
  }
  const refresh = async (): Promise<Grant | null> => {
    const used = state.cookie
    state.refreshes++
    await state.open
    if (used === null || used !== state.cookie) {
      state.cookie = null
      return null
    }
    state.cookie = used + 1
    return { access_token: `token ${++state.issued}`, expires_in: 900 }
  }
  const openTab = () => {
    const me: { hear?: (message: SessionMessage) => void } = {}
    hearers.add(me)
    const channel: SessionChannel = {
      post: (message) => {
        for (const other of hearers) if (other !== me) other.hear?.(message)
      },
      listen: (hear) => void (me.hear = hear),
    }
    return createSession({ refresh, exclusively, channel, now: () => state.now })
  }
  return { state, openTab }
}

test('tabs that start at once share one refresh and all end up signed in', async () => {
  const { state, openTab } = browser()
  const tokens = await Promise.all([openTab(), openTab(), openTab()].map((tab) => tab.token()))
  assert.deepEqual(tokens, ['token 1', 'token 1', 'token 1'])
  assert.equal(state.refreshes, 1)
})

test('tabs that miss what the others say take turns and stay signed in', async () => {
  const { state, openTab } = browser()
  const deaf = [openTab(), openTab(), openTab()]
  // A token that has just expired: handed over, but of no use to the next one.
  const tokens = await Promise.all(
    deaf.map(async (tab) => {
      const token = await tab.token()
      state.now += 900_000
      return token
    }),
  )
  assert.ok(tokens.every((token) => token !== null))
  assert.notEqual(state.cookie, null)
})

test('calls of one tab share one refresh', async () => {
  const { state, openTab } = browser()
  const tab = openTab()
  assert.deepEqual(await Promise.all([tab.token(), tab.token(), tab.token()]), ['token 1', 'token 1', 'token 1'])
  assert.equal(state.refreshes, 1)
})

test('a token is used until shortly before it expires, then refreshed', async () => {
  const { state, openTab } = browser()
  const tab = openTab()
  await tab.token()
  state.now = 870_000
  assert.equal(await tab.token(), 'token 1')
  state.now = 885_000
  assert.equal(await tab.token(), 'token 2')
})

test('a refused token is replaced, and a tab that was late with the same one takes over the replacement', async () => {
  const { state, openTab } = browser()
  const [one, two] = [openTab(), openTab()]
  await Promise.all([one.token(), two.token()])
  assert.equal(await one.token('token 1'), 'token 2')
  assert.equal(await two.token('token 1'), 'token 2')
  assert.equal(state.refreshes, 2)
})

test('without a valid cookie there is no token, and tabs that had one hear that it is over', async () => {
  const { state, openTab } = browser()
  const [one, two] = [openTab(), openTab()]
  await one.token()
  const heard: string[] = []
  one.listen((change) => heard.push(`one ${change}`))
  two.listen((change) => heard.push(`two ${change}`))
  state.cookie = null
  assert.equal(await one.token('token 1'), null)
  assert.deepEqual(heard, ['two signed-out', 'one signed-out'])
})

test('signing in and out is heard in every tab', async () => {
  const { state, openTab } = browser()
  state.cookie = null
  const [one, two] = [openTab(), openTab()]
  const heard: string[] = []
  two.listen((change) => heard.push(change))
  one.start({ access_token: 'fresh', expires_in: 900 })
  assert.equal(await two.token(), 'fresh')
  one.end()
  assert.deepEqual(heard, ['signed-in', 'signed-out'])
  assert.equal(await two.token(), null)
})

test('a refresh that was under way while somebody signed out does not sign in again', async () => {
  const { state, openTab } = browser()
  let goOn = () => {}
  state.open = new Promise((resolve) => (goOn = resolve))
  const tab = openTab()
  const pending = tab.token()
  await Promise.resolve()
  await Promise.resolve()
  tab.end()
  goOn()
  assert.equal(await pending, null)
})

test('a server that cannot be asked does not sign anybody out', async () => {
  const changes: string[] = []
  const session = createSession({
    refresh: () => Promise.reject(new Error('no network')),
    exclusively: (work) => work(),
    channel: { post: () => assert.fail('nothing is to be told'), listen: () => {} },
    now: () => 0,
  })
  session.listen((change) => changes.push(change))
  await assert.rejects(session.token(), /no network/)
  assert.deepEqual(changes, [])
})

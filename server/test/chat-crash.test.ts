import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openRunStream, type Sent, textOf } from '../src/modules/chat/testing/run-stream.ts'
import { makeTemporaryPlace, type TemporaryPlace } from '../src/platform/db/embedded/testing/temporary-place.ts'
import { testPassword } from './harness.ts'
import { type ModelServer, says, startModelServer } from './model-server.ts'
import { freePort, type ServerProcess, startServerProcess } from './server-process.ts'

const PIECES = 200
const PIECE_EVERY_MS = 40
const HEARD_BEFORE_THE_KILL = 80
// What is said is stored within a second; a machine that is busy with other tests may take half of one more.
const MAY_BE_LOST_MS = 1_500

describe('a server that is killed in the middle of an answer', () => {
  let place: TemporaryPlace
  let model: ModelServer
  let server: ServerProcess
  let options: Parameters<typeof startServerProcess>[0]
  let token: string
  before(async () => {
    place = await makeTemporaryPlace()
    model = await startModelServer()
    options = {
      dataDir: place.dataDir,
      port: await freePort(),
      env: { LLM_BASE_URL: model.url, LLM_MODEL_NAME: 'scripted' },
    }
    server = await startServerProcess(options)
    const person = { email: 'sari@example.org', password: testPassword }
    await call('POST', '/auth/register', { ...person, name: 'Sari' })
    token = (await call('POST', '/auth/login', person)).access_token
    await call('POST', '/business/profile', {
      business_name: 'Warung',
      business_category: 'Food',
      business_stage: 'Idea',
    })
  })
  after(async () => {
    await server.end('SIGTERM')
    await model.close()
    await place.remove()
  })

  const headers = () => ({ ...(token ? { authorization: `Bearer ${token}` } : {}), 'content-type': 'application/json' })
  async function call(method: string, path: string, body?: unknown) {
    const response = await fetch(`${server.url}/api/v1${path}`, {
      method,
      headers: headers(),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    assert.ok(response.ok, `${path} answered ${response.status}`)
    return JSON.parse(await response.text())
  }
  const send = (body: unknown) =>
    openRunStream(`${server.url}/api/v1/chat/completion`, {
      method: 'POST',
      headers: headers(),
      body: JSON.stringify(body),
    })

  test('keeps what it had said but for the last second, and has the conversation free when it is back', async () => {
    model.enqueue(() => ({
      steps: Array.from({ length: PIECES }, (_, nth) => [
        { until: sleep(nth * PIECE_EVERY_MS) },
        { text: `piece ${nth} ` },
      ]).flat(),
    }))
    const stream = await send({ content: 'Tell me everything' })
    const heard: (Sent & { at: number })[] = []
    let killedAt = Infinity
    await assert.rejects(async () => {
      for await (const sent of stream) {
        heard.push({ ...sent, at: performance.now() })
        if (killedAt < Infinity || heard.filter(({ event }) => event.type === 'token').length < HEARD_BEFORE_THE_KILL)
          continue
        killedAt = performance.now()
        server.send('SIGKILL')
      }
    })
    await server.ended
    const started = heard.find(({ event }) => event.type === 'run_started')?.event
    assert.ok(started?.type === 'run_started')
    const { session_id } = started.data

    server = await startServerProcess(options)
    const [, answer] = await call('GET', `/chat/sessions/${session_id}`)
    assert.equal(answer.status, 'interrupted')
    const early = textOf(heard.filter(({ at }) => at < killedAt - MAY_BE_LOST_MS))
    assert.ok(early.length > 100)
    assert.ok(answer.content.startsWith(early), `kept ${answer.content.length} of at least ${early.length}`)
    assert.ok(textOf(heard).startsWith(answer.content) || answer.content.startsWith(textOf(heard)))

    const events = `${server.url}/api/v1/chat/runs/${stream.runId}/events`
    const after = heard.at(-1)?.id ?? 0
    const resumed = await openRunStream(events, { headers: { ...headers(), 'last-event-id': String(after) } })
    const last = (await resumed.rest()).at(-1)?.event
    assert.ok(last?.type === 'error')
    assert.equal(last.data.code, 'interrupted')

    model.enqueue(says('Where were we?'))
    const next = await (await send({ content: 'Go on', session_id })).rest()
    assert.equal(next.at(-1)?.event.type, 'done')
  })
})

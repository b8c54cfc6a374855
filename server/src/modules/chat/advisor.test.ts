import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { startTestServer, type TestServer } from '../../../test/harness.ts'
import { calls, type ModelScript, type ModelServer, says, startModelServer } from '../../../test/model-server.ts'
import { assertWhole, openRunStream, type RunStream, type Sent, textOf } from './testing/run-stream.ts'

type Owner = Awaited<ReturnType<TestServer['owner']>>

const types = (sent: Sent[]) => sent.map(({ event }) => event.type)

describe('a chat over a model server', () => {
  let model: ModelServer
  let server: TestServer
  let owner: Owner

  before(async () => {
    model = await startModelServer()
    server = await startTestServer({ env: { LLM_BASE_URL: model.url, LLM_API_KEY: 'sk-test', LLM_MODEL_NAME: 'test' } })
  })
  after(async () => {
    await server.close()
    await model.close()
  })
  beforeEach(async () => {
    owner = await server.owner()
  })

  const send = (content: string, sessionId?: string): Promise<RunStream> =>
    openRunStream(`${server.url}/api/v1/chat/completion`, {
      method: 'POST',
      headers: { authorization: `Bearer ${owner.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ content, session_id: sessionId }),
    })

  async function answerIn(sent: Sent[]) {
    const started = sent.find(({ event }) => event.type === 'run_started')?.event
    assert.ok(started?.type === 'run_started')
    const { session_id: sessionId } = started.data
    const { json } = await server.api('GET', `/chat/sessions/${sessionId}`, { token: owner.token })
    assert.equal(json.length, 2)
    return { sessionId, answer: json[1] }
  }

  test('streams words and tool executions, in whatever pieces they come', async () => {
    const first: ModelScript = {
      steps: [
        { text: ['Let me ', 'look. '] },
        { toolCalls: [{ name: 'get_business_summary' }, { name: 'list_achievements' }], pieceLength: 3 },
        { finish: 'tool_calls' },
      ],
      splitBytes: 7,
    }
    const second: ModelScript = {
      steps: [{ text: ['You ', 'are ', 'doing 🎉 ', 'well.'] }, { finish: 'stop', usage: { input: 90, output: 4 } }],
      splitBytes: 5,
    }
    model.enqueue(first, second)
    const sent = await (await send('How am I doing?')).rest()
    const done = assertWhole(sent)
    assert.ok(done.type === 'done')
    assert.match(done.data.full_text, /^Let me look\.\s+You are doing 🎉 well\.$/)
    assert.ok(done.data.usage.output_tokens > 0)
    const { answer } = await answerIn(sent)
    assert.equal(answer.content, done.data.full_text)
    assert.equal(answer.status, 'complete')
    const tools = answer.tool_calls.map(({ tool, ok }: { tool: string; ok: boolean }) => [tool, ok])
    assert.deepEqual(tools.toSorted(), [
      ['get_business_summary', true],
      ['list_achievements', true],
    ])
    for (const { event } of sent) {
      if (event.type !== 'tool_end') continue
      const starts = sent.filter((at) => at.event.type === 'tool_start' && at.event.data.call_id === event.data.call_id)
      assert.equal(starts.length, 1)
    }
  })

  const look = calls({ name: 'get_business_summary' })
  const failures: Record<string, { scripts: ModelScript[]; text: RegExp; calls: number }> = {
    'a refusal before the first byte': { scripts: [{ status: 400 }], text: /^$/, calls: 0 },
    'a cut in mid-sentence': {
      scripts: [{ steps: [{ text: 'I think that' }, { cut: true }] }],
      text: /^I think that$/,
      calls: 0,
    },
    'an end without a finish': {
      scripts: [{ steps: [{ text: 'I think' }, { end: true }] }],
      text: /^I think$/,
      calls: 0,
    },
    'a cut in mid-tool': {
      scripts: [{ steps: [{ text: 'Wait.' }, { toolCalls: [{ name: 'list_facts' }] }, { cut: true }] }],
      text: /^Wait\.$/,
      calls: 0,
    },
    'a refusal after a tool call': { scripts: [look, { status: 400 }], text: /^$/, calls: 1 },
    'a cut after a tool call': {
      scripts: [look, { steps: [{ text: 'You have' }, { cut: true }] }],
      text: /^You have$/,
      calls: 1,
    },
  }
  for (const [what, { scripts, text, calls: executed }] of Object.entries(failures)) {
    test(`${what} is one error, what was said is kept, and the session goes on`, async () => {
      model.enqueue(...scripts)
      const sent = await (await send('Will it fail?')).rest()
      assert.equal(assertWhole(sent).type, 'error')
      assert.match(textOf(sent), text)
      const { sessionId, answer } = await answerIn(sent)
      assert.equal(answer.status, 'interrupted')
      assert.equal(answer.content, textOf(sent))
      assert.equal((answer.tool_calls ?? []).length, executed)
      model.enqueue(says('Here I am.'))
      assert.equal(assertWhole(await (await send('Again', sessionId)).rest()).type, 'done')
    })
  }

  test('an endless tool loop comes to one end', async () => {
    model.always(calls({ name: 'get_business_summary' }))
    try {
      const sent = await (await send('Loop')).rest()
      assertWhole(sent)
      assert.ok(types(sent).filter((type) => type === 'tool_start').length <= 64)
      const { answer } = await answerIn(sent)
      assert.notEqual(answer.status, 'streaming')
    } finally {
      model.always({ status: 500 })
    }
  })

  test('a reader who hangs up leaves the model talking, and a stop does not', async () => {
    const gate = Promise.withResolvers<void>()
    model.enqueue({ steps: [{ text: 'One. ' }, { until: gate.promise }, { text: 'Two.' }, { finish: 'stop' }] })
    const left = await send('Hang up')
    await left.until('token')
    left.hangUp()
    gate.resolve()
    const url = `${server.url}/api/v1/chat/runs/${left.runId}/events`
    const headers = { authorization: `Bearer ${owner.token}` }
    const done = assertWhole(await (await openRunStream(url, { headers })).rest())
    assert.ok(done.type === 'done')
    assert.equal(done.data.full_text, 'One. Two.')

    const asked = model.requests.length
    model.enqueue({ steps: [{ text: 'One. ' }, { stall: true }] })
    const stalled = await send('Stop')
    await stalled.until('token')
    const stopped = await server.api('POST', `/chat/runs/${stalled.runId}/stop`, { token: owner.token })
    assert.equal(stopped.json.status, 'stopped')
    assert.equal(await (await model.request(asked)).closed, 'client')
  })
})

describe('a chat without a model', () => {
  test('is answered by the offline advisor, from live data, over the same stream', async () => {
    const server = await startTestServer()
    try {
      const owner = await server.owner()
      const stream = await openRunStream(`${server.url}/api/v1/chat/completion`, {
        method: 'POST',
        headers: { authorization: `Bearer ${owner.token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ content: 'How many points do I have?' }),
      })
      const sent = await stream.rest()
      assert.equal(assertWhole(sent).type, 'done')
      assert.ok(types(sent).includes('tool_end'))
      assert.notEqual(textOf(sent), '')
    } finally {
      await server.close()
    }
  })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startReplayServer, event, type ReplayPlan } from '../src/modules/agent/workflow/testing/replay-server.ts'
import { assertWhole, openRunStream, textOf } from '../src/modules/chat/testing/run-stream.ts'
import { startTestServer } from './harness.ts'

const says = (seq: number, delta: string) => event(seq, 'AgentStream', { delta, response: delta })
const call = { tool_id: 'call_1', tool_name: 'break_even_units', tool_kwargs: { price: 30 } }

async function withWorkflow(plan: ReplayPlan) {
  const workflow = await startReplayServer(plan)
  const server = await startTestServer({
    env: { AGENT_WORKFLOW_URL: workflow.url, AGENT_WORKFLOW_NAME: 'advisor', AGENT_WORKFLOW_API_KEY: 'wf-key' },
  })
  const owner = await server.owner()
  return {
    workflow,
    server,
    owner,
    send: (content: string, sessionId?: string) =>
      openRunStream(`${server.url}/api/v1/chat/completion`, {
        method: 'POST',
        headers: { authorization: `Bearer ${owner.token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ content, session_id: sessionId }),
      }),
    async close() {
      await server.close()
      await workflow.close()
    },
  }
}

// The server takes whatever id a run is given.
const start = [{ status: 409 }]

test('a workflow answers over the same stream, and its answer is stored like any other', async () => {
  const steps = [
    says(0, 'Let me see.'),
    event(1, 'ToolCall', call),
    event(2, 'ToolCallResult', { ...call, tool_output: { raw_output: '50 units', is_error: false } }),
    says(3, '50 units.'),
    event(4, 'ModelUsage', { input_tokens: 90, output_tokens: 7 }),
    event(5, 'StopEvent', { result: null }, null),
    'end' as const,
  ]
  const chat = await withWorkflow({ start, streams: [steps] })
  try {
    assert.equal((await chat.server.api('GET', `${chat.server.url}/health`)).json.advisor, 'workflow:advisor')
    const sent = await (await chat.send('When do I break even?')).rest()
    const done = assertWhole(sent)
    assert.ok(done.type === 'done')
    assert.equal(done.data.full_text, 'Let me see.\n\n50 units.')
    assert.deepEqual(done.data.usage, { input_tokens: 90, output_tokens: 7 })
    assert.deepEqual(
      sent.map((one) => one.event.type).filter((type) => type.startsWith('tool')),
      ['tool_start', 'tool_end'],
    )
    const sessionId = done.data.session_id
    const { json } = await chat.server.api('GET', `/chat/sessions/${sessionId}`, { token: chat.owner.token })
    assert.equal(json[1].content, 'Let me see.\n\n50 units.')
    assert.equal(json[1].tool_calls[0].output, '50 units')

    assert.ok(textOf(await (await chat.send('And now?', sessionId)).rest()).length > 0)
    const [, second] = chat.workflow.requests.filter(({ path }) => path.startsWith('/workflows/'))
    const history = JSON.parse(second?.body ?? '').start_event.chat_history
    assert.deepEqual(history.slice(1), [
      { role: 'user', content: 'When do I break even?' },
      { role: 'assistant', content: 'Let me see.\n\n50 units.' },
    ])
    assert.ok(!second?.body.includes(chat.owner.business.id))
    assert.ok(!second?.body.includes(chat.owner.user.id))
  } finally {
    await chat.close()
  }
})

test('a stop from another tab cancels the workflow and closes its stream', async () => {
  const chat = await withWorkflow({ start, streams: [[says(0, 'Half a sentence'), 'stall']] })
  try {
    const stream = await chat.send('Tell me everything')
    await stream.until('token')
    const stopped = await chat.server.api('POST', `/chat/runs/${stream.runId}/stop`, { token: chat.owner.token })
    assert.equal(stopped.json.status, 'stopped')
    const cancel = await chat.workflow.arrived('cancel')
    assert.equal(cancel.path, `/handlers/${stream.runId}/cancel`)
    assert.equal(cancel.headers.authorization, 'Bearer wf-key')
    await (
      await chat.workflow.arrived('stream')
    ).closed
    const end = (await stream.rest()).at(-1)?.event
    assert.ok(end?.type === 'done')
    assert.deepEqual([end.data.status, end.data.full_text], ['stopped', 'Half a sentence'])
  } finally {
    await chat.close()
  }
})

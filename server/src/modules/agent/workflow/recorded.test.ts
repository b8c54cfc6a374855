import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import { readDataBlock } from '../data-block.ts'
import { engineRunId, ownBusinessId } from '../engine-under-test.ts'
import { playScenario, workflowEngine } from './testing/engine-of-tests.ts'
import { recordedPlan, type ReplayServer, startReplayServer } from './testing/replay-server.ts'
import { scenario } from './testing/scenarios.ts'

describe('the recorded traffic of a real WorkflowServer', () => {
  let server: ReplayServer
  afterEach(() => server.close())

  async function replay(name: string, splitBytes?: number) {
    server = await startReplayServer({ ...(await recordedPlan(name)), ...(splitBytes ? { splitBytes } : {}) })
    const { engine, logged } = workflowEngine(server.url, { workflow: scenario(name).workflow })
    const played = await playScenario(engine, scenario(name))
    const cancelled = server.requests.filter(({ path }) => path === `/handlers/${engineRunId}/cancel`)
    assert.equal(cancelled.length, 1, 'the server is told to forget the run, once')
    assert.equal(cancelled[0]?.query.get('purge'), 'true')
    return { ...played, logged }
  }

  test('an answer comes as it was said, with the tokens that it cost', async () => {
    const { events } = await replay('answer')
    const text = 'Selamat pagi, Sari! 🌱'
    assert.deepEqual(events, [
      { type: 'AgentInput', message: 'Good morning' },
      { type: 'AgentStream', delta: text },
      { type: 'AgentOutput', text, usage: { inputTokens: 100, outputTokens: 3 } },
    ])
  })

  test('the start carries message, history and context as data, and no id of anybody', async () => {
    await replay('answer')
    const [start, stream] = server.requests
    assert.equal(start?.path, '/workflows/advisor/run-nowait')
    const body = JSON.parse(start?.body ?? '')
    assert.deepEqual(Object.keys(body).toSorted(), ['handler_id', 'start_event'])
    assert.equal(body.handler_id, engineRunId)
    const { user_msg: message, chat_history: history, business_context: context, ...rest } = body.start_event
    assert.deepEqual(rest, { max_iterations: null })
    assert.equal(message, 'Good morning')
    assert.deepEqual(history.slice(1), [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Hello' },
    ])
    assert.equal(history[0].role, 'system')
    assert.deepEqual(readDataBlock(history[0].content), context)
    assert.deepEqual(
      [context.user_name, context.business.name, context.remembered_facts[0].fact],
      ['Sari Dewi', 'Warung Sari', 'Closed on Fridays'],
    )
    assert.ok(!start?.body.includes(ownBusinessId))
    assert.equal(stream?.query.get('after_sequence'), '-1')
  })

  for (const splitBytes of [undefined, 1, 97])
    test(`tools are told of with safe labels, and then begins a new paragraph (pieces of ${splitBytes ?? 'any'} bytes)`, async () => {
      const { events } = await replay('tool-call', splitBytes)
      const args = { fixed_costs: 1000, price: 30, cost_per_unit: 10 }
      const call = { callId: 'call_7', tool: 'break_even_units' }
      const text = 'Let me see.\n\nYou need 50 units a month.'
      assert.deepEqual(events, [
        { type: 'AgentInput', message: 'When do I break even?' },
        { type: 'AgentStream', delta: 'Let me see.' },
        { type: 'ToolCall', ...call, args, label: 'Using a tool' },
        { type: 'ToolCallResult', ...call, ok: true, output: '50 units a month', label: 'The tool has answered' },
        { type: 'AgentStream', delta: '\n\nYou need 50 units a month.' },
        { type: 'AgentOutput', text, usage: { inputTokens: 200, outputTokens: 13 } },
      ])
    })

  test('the error of a tool is not shown as it is', async () => {
    const { events } = await replay('tool-error')
    const result = events.find((event) => event.type === 'ToolCallResult')
    assert.ok(result)
    assert.deepEqual([result.ok, result.output], [false, { error: 'The tool failed.' }])
    assert.equal(events.at(-1)?.type, 'AgentOutput')
  })

  test('a model that fails before its first word makes the advisor unavailable', async () => {
    const { events, failure, logged } = await replay('model-fails')
    assert.equal(failure?.code, 'model_unavailable')
    assert.equal(events.length, 1)
    assert.match(logged.join(''), /failed in run_agent_step with openai\.InternalServerError/)
    assert.doesNotMatch(logged.join(''), /scripted 500/)
  })

  test('a model that breaks off in mid-sentence interrupts the answer and keeps what was said', async () => {
    const { events, failure } = await replay('model-breaks-off')
    assert.equal(failure?.code, 'model_interrupted')
    assert.deepEqual(events.at(-1), { type: 'AgentStream', delta: 'Half a sentence' })
  })

  test('a stop cancels the run on the server and closes its stream', async () => {
    const { stopped } = await replay('stopped')
    assert.ok(stopped)
    await (
      await server.arrived('stream')
    ).closed
  })

  test('an unknown workflow makes the advisor unavailable, and the log says what to check', async () => {
    const { failure, logged } = await replay('unknown-workflow')
    assert.equal(failure?.code, 'model_unavailable')
    assert.match(logged.join(''), /HTTP 404 \(check AGENT_WORKFLOW_URL, and that there is a workflow/)
  })
})

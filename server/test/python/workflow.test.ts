import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { engineRunId } from '../../src/modules/agent/engine-under-test.ts'
import { playScenario, workflowEngine } from '../../src/modules/agent/workflow/testing/engine-of-tests.ts'
import { recordedPlan, startReplayServer } from '../../src/modules/agent/workflow/testing/replay-server.ts'
import { type Scenario, scenario, scenarios } from '../../src/modules/agent/workflow/testing/scenarios.ts'
import { type ModelServer, startModelServer } from '../model-server.ts'
import { startPythonWorkflowServer } from './python-workflow-server.ts'

describe('a real LlamaIndex WorkflowServer', () => {
  let model: ModelServer
  let python: Awaited<ReturnType<typeof startPythonWorkflowServer>>
  before(async () => {
    model = await startModelServer()
    python = await startPythonWorkflowServer(model.url)
  })
  after(async () => {
    await python.close()
    await model.close()
  })

  async function live(one: Scenario) {
    model.enqueue(...one.model)
    const played = await playScenario(workflowEngine(python.url, { workflow: one.workflow }).engine, one)
    // Whatever happened, nothing of the conversation stays there.
    assert.equal((await fetch(`${python.url}/handlers/${engineRunId}`)).status, 404)
    return played
  }

  for (const one of scenarios.filter(({ isLong }) => !isLong))
    test(`does what was recorded of it: ${one.name}`, async () => {
      const { events, failure, stopped } = await live(one)
      const replay = await startReplayServer(await recordedPlan(one.name))
      try {
        const recorded = await playScenario(workflowEngine(replay.url, { workflow: one.workflow }).engine, one)
        assert.deepEqual(
          { events, code: failure?.code, stopped },
          { events: recorded.events, code: recorded.failure?.code, stopped: recorded.stopped },
        )
      } finally {
        await replay.close()
      }
    })

  test('ends a search without end by its own limit', async () => {
    const { failure, events } = await live(scenario('endless-tools'))
    assert.equal(failure?.code, 'step_limit')
    assert.ok(events.length > 20)
  })

  test('closes its connection to the model when a run is stopped', async () => {
    const asked = model.requests.length
    const { stopped } = await live(scenario('stopped'))
    assert.ok(stopped)
    assert.equal(await (await model.request(asked)).closed, 'client')
  })

  test('tells its model what Tangga knows, as data, and the conversation once', async () => {
    const asked = model.requests.length
    await live(scenario('answer'))
    const messages = model.requests[asked]?.body.messages ?? []
    assert.deepEqual(
      messages.map(({ role }) => role),
      ['system', 'system', 'user', 'assistant', 'user'],
    )
    assert.match(messages[1]?.content ?? '', /<business_data>\n.*"Warung Sari".*\n<\/business_data>/)
    assert.equal(messages.at(-1)?.content, 'Good morning')
  })
})

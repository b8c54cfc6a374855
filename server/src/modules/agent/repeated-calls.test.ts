import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import {
  calls,
  type ModelScript,
  type ModelServer,
  says,
  type ScriptedToolCall,
  startModelServer,
} from '../../../test/model-server.ts'
import type { AgentEvent } from './engine.ts'
import { engineUnderTest, factsInMemory, play, runInput, standingsOfTests } from './engine-under-test.ts'

let server: ModelServer
before(async () => void (server = await startModelServer()))
after(() => server.close())
afterEach(() => server.forget())

const results = (events: AgentEvent[]) => events.filter((event) => event.type === 'ToolCallResult')

/** counting counts how often the standings are really looked up: by what_if, and by it and others. */
function counting() {
  const count = { imagined: 0, looked: 0, failing: false }
  const standings = {
    ...standingsOfTests,
    standingOf: async (businessId: string) => {
      count.looked++
      if (count.failing) throw new Error('the board is away')
      return standingsOfTests.standingOf(businessId)
    },
    standingWith: async (businessId: string, more: number) => {
      count.imagined++
      return standingsOfTests.standingWith(businessId, more)
    },
  }
  return { count, standings }
}

/** scripted makes the model call each step's tools, then answer as soon as it may not call. */
function scripted(...steps: ScriptedToolCall[][]): void {
  let step = 0
  server.always((request): ModelScript => {
    const next = steps[Math.min(step++, steps.length - 1)] ?? []
    return request.body.tool_choice === 'none' ? says('Here it is.') : calls(...next)
  })
}

const rank = { name: 'get_leaderboard_position' }

describe('a call that is made again', () => {
  test('is not executed again, brings the same, and ends the loop with an answer', async () => {
    const { count, standings } = counting()
    scripted([rank])
    const { events, text, failure } = await play(engineUnderTest({ url: server.url, standings }).engine, runInput('Go'))
    assert.equal(failure, undefined)
    assert.equal(text, 'Here it is.')
    assert.equal(count.looked, 1)
    const [first, second, ...more] = results(events)
    assert.deepEqual(second?.output, first?.output)
    assert.deepEqual(more, [])
    assert.deepEqual(
      server.requests.map(({ body }) => body.tool_choice),
      ['auto', 'auto', 'none'],
    )
    assert.equal(server.requests[2]?.body.messages.filter(({ role }) => role === 'tool').length, 2)
  })

  test('is known by its arguments, in whatever order and with whatever unknown ones they come', async () => {
    const { count, standings } = counting()
    scripted(
      [{ name: 'what_if', args: '{"points": 5}' }],
      [{ name: 'what_if', args: { user_id: 'somebody', points: 5 } }],
    )
    const { failure } = await play(engineUnderTest({ url: server.url, standings }).engine, runInput('Go'))
    assert.equal(failure, undefined)
    assert.equal(count.imagined, 1)
    assert.equal(server.requests.length, 3)
  })

  test('with other arguments, or beside a new one, ends nothing', async () => {
    const { count, standings } = counting()
    scripted(
      [{ name: 'what_if', args: { points: 5 } }],
      [{ name: 'what_if', args: { points: 6 } }],
      [{ name: 'what_if', args: { points: 6 } }, rank],
      [{ name: 'what_if', args: { points: 7 } }],
      [rank],
    )
    const { text, events } = await play(engineUnderTest({ url: server.url, standings }).engine, runInput('Go'))
    assert.equal(text, 'Here it is.')
    assert.deepEqual(count, { imagined: 3, looked: 4, failing: false }, 'what_if three times, the rank once')
    assert.equal(results(events).length, 6)
  })

  test('after a tool that writes is executed, since its answer may have changed', async () => {
    const facts = factsInMemory()
    const tell = { name: 'remember_fact', args: { fact: 'We sell soto' } }
    scripted([{ name: 'list_facts' }], [tell], [{ name: 'list_facts' }], [tell], [{ name: 'list_facts' }])
    const { events, text } = await play(engineUnderTest({ url: server.url, facts }).engine, runInput('Go'))
    assert.equal(text, 'Here it is.')
    const totals = results(events).flatMap(({ tool, output }) =>
      tool === 'list_facts' ? [Object(output).total as unknown] : [],
    )
    assert.deepEqual(totals, [0, 1], 'the second telling is a repetition, and ends the loop')
    assert.equal(facts.kept.length, 1)
  })

  test('that failed is tried once more, and then ends the loop', async () => {
    const { count, standings } = counting()
    count.failing = true
    scripted([rank])
    const { text, events } = await play(engineUnderTest({ url: server.url, standings }).engine, runInput('Go'))
    assert.equal(text, 'Here it is.')
    assert.equal(count.looked, 2)
    assert.deepEqual(
      results(events).map(({ ok }) => ok),
      [false, false, false],
    )
  })

  test('by a model that calls although it may not fails the run with step_limit', async () => {
    server.always(calls(rank))
    const { failure, events } = await play(engineUnderTest({ url: server.url }).engine, runInput('Go'))
    assert.equal(failure?.code, 'step_limit')
    assert.equal(results(events).length, 2)
  })

  test('in another run is executed', async () => {
    const { count, standings } = counting()
    const { engine } = engineUnderTest({ url: server.url, standings })
    for (const _ of ['one', 'two']) {
      server.enqueue(calls(rank), says('Third.'))
      await play(engine, runInput('My rank?'))
    }
    assert.equal(count.looked, 2)
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { RunEvent } from './run-events.ts'
import { eventsOf, recordOf, runRecord } from './run-record.ts'

const plain = { noNullPrototype: true }
const anyEvent: fc.Arbitrary<RunEvent> = fc.oneof(
  fc.record(
    {
      type: fc.constant('AgentStream' as const),
      delta: fc.string({ unit: 'grapheme', minLength: 1 }),
    },
    plain,
  ),
  fc.record(
    {
      type: fc.constant('ToolCall' as const),
      callId: fc.string(),
      tool: fc.string(),
      args: fc.json().map((json): unknown => JSON.parse(json)),
      label: fc.string(),
    },
    plain,
  ),
  fc.record(
    {
      type: fc.constant('ToolCallResult' as const),
      callId: fc.string(),
      tool: fc.string(),
      ok: fc.boolean(),
      output: fc.constantFrom(null, 1, 'text', { a: [1] }),
    },
    plain,
  ),
)

const textOf = (events: RunEvent[]) => events.map((event) => (event.type === 'AgentStream' ? event.delta : '')).join('')

describe('the record of a run', () => {
  test('gives every event back from the stored JSON and the answer', () => {
    fc.assert(
      fc.property(fc.array(anyEvent), (events) => {
        const stored: unknown = JSON.parse(JSON.stringify(recordOf(events)))
        assert.deepEqual(eventsOf(runRecord.parse(stored), textOf(events)), events)
      }),
    )
  })

  test('gives texts that join to the answer, also when it does not fit the answer', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 })), fc.string(), (record, content) => {
        const events = eventsOf(record, content)
        assert.equal(textOf(events), content)
        assert.ok(events.every((event) => event.type === 'AgentStream' && event.delta !== ''))
      }),
    )
  })
})

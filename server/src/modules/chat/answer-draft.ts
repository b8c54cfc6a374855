import type { AgentEvent } from '../agent/index.ts'
import { recordedEvent, type RunEvent } from './run-events.ts'
import type { RunLog } from './run-log.ts'
import { type RunRecord, recordOf } from './run-record.ts'
import type { StoredToolCall } from './schema.ts'
import { createTextPieces, storableJson } from './storable-text.ts'

/** AnswerDraft is an answer while it is being made: what its readers were told and what will be stored are one. */
export type AnswerDraft = {
  readonly text: string
  readonly toolCalls: StoredToolCall[]
  readonly record: RunRecord
  /** The size of everything taken so far, in UTF-16 units. */
  readonly size: number
  /** take writes what the engine says into the log. */
  take(event: AgentEvent): void
  /** close ends what is still open: half a character, and tool calls that nobody will answer any more. */
  close(): void
}

const unanswered = { error: 'The call was interrupted.' }

/** createAnswerDraft begins an answer in a log that already holds how its run began. */
export function createAnswerDraft(log: RunLog): AnswerDraft {
  const pieces = createTextPieces()
  const record = recordOf(log.read(0).map((entry) => entry.event))
  const toolCalls: StoredToolCall[] = []
  const open = new Map<string, { tool: string; args: unknown }>()
  let text = ''
  let size = 0

  function append(event: RunEvent): void {
    record.push(...recordOf([event]))
    log.append(event)
  }

  function say(delta: string): void {
    if (delta === '') return
    text += delta
    size += delta.length
    append({ type: 'AgentStream', delta })
  }

  function answer(callId: string, call: { tool: string; ok: boolean; output: unknown; label?: string }): void {
    const args = open.get(callId)?.args ?? {}
    open.delete(callId)
    const { tool, ok, label } = call
    const output = storableJson(call.output)
    size += JSON.stringify(output).length
    toolCalls.push({ call_id: callId, tool, args, ok, output })
    append({ type: 'ToolCallResult', callId, tool, ok, output, ...(label === undefined ? {} : { label }) })
  }

  return {
    get text() {
      return text
    },
    toolCalls,
    record,
    get size() {
      return size
    },
    take(event) {
      switch (event.type) {
        case 'AgentStream':
          say(pieces.take(event.delta))
          return
        case 'ToolCall': {
          say(pieces.rest())
          const args = storableJson(event.args)
          size += JSON.stringify(args).length
          open.set(event.callId, { tool: event.tool, args })
          append({ type: 'ToolCall', callId: event.callId, tool: event.tool, args, label: event.label })
          return
        }
        case 'ToolCallResult':
          answer(event.callId, event)
          return
        case 'PointsEarned':
        case 'LevelReached':
        case 'AchievementUnlocked':
          size += JSON.stringify(event).length
          append(event)
          return
        case 'ApprovalRequired':
        case 'ApprovalDecided': {
          const told = recordedEvent.parse(storableJson(event))
          size += JSON.stringify(told).length
          append(told)
          return
        }
        case 'AgentInput':
        case 'AgentOutput':
          // The run's own first and last events stand for these.
          return
      }
    },
    close() {
      say(pieces.rest())
      for (const [callId, { tool }] of open) answer(callId, { tool, ok: false, output: unanswered })
    },
  }
}

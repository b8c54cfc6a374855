import { sql } from 'drizzle-orm'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '../../platform/db/database.ts'
import { createGatheringQueue } from '../../platform/gathering-queue.ts'
import type { AnswerRows } from './run-rows.ts'
import { chatMessages, chatRuns } from './schema.ts'

/** StoredProgress is how much of a growing answer is stored: of its text, its record and its tool calls. */
export type StoredProgress = { characters: number; entries: number; recordBytes: number; toolCalls: number }

/** AnswerProgress stores answers while they grow. */
export type AnswerProgress = ReturnType<typeof createAnswerProgress>

/** What is new of an answer, or, without `recordBytes`, the whole of it. */
type Growth = {
  answer: AnswerRows
  recordBytes: number | null
  record: string
  content: string
  toolCalls: string | null
  after: StoredProgress
}

// Answers that are saved within this time share a statement, and so a commit.
const GATHER_MS = 50
const BATCH_SIZE = 200
// Two, so that one statement that hangs does not keep all others.
const LANES = 2
// A run waits for one save at a time, so that there are never more than runs.
const CAPACITY = 100_000

/**
 * createAnswerProgress stores answers while they grow, those of many runs in one statement. Only what is new is sent. It is
 * appended where the stored record has the length that it is known to have, so that nothing is ever appended twice,
 * whatever became of an earlier statement; else the whole answer is written the next time.
 */
export function createAnswerProgress(db: Database) {
  const queue = createGatheringQueue({ send, batchSize: BATCH_SIZE, lanes: LANES, capacity: CAPACITY })
  let gathering: Promise<void> | undefined

  // Rows that somebody else holds (a lease is renewed, a run is ended) are left out rather than waited for, so that this
  // statement, which takes the locks of many runs, can neither be part of a deadlock nor be held up by one run.
  async function send(batch: Growth[]): Promise<boolean[]> {
    const column = (valueOf: (growth: Growth) => unknown) => sql.param(batch.map(valueOf))
    const { rows } = await db.execute<{ id: string }>(sql`
      WITH given AS (
        SELECT * FROM unnest(
          ${column(({ answer }) => answer.runId)}::uuid[], ${column(({ answer }) => answer.assistantMessageId)}::uuid[],
          ${column((growth) => growth.recordBytes)}::integer[], ${column((growth) => growth.record)}::text[],
          ${column((growth) => growth.content)}::text[], ${column((growth) => growth.toolCalls)}::text[],
          ${column(({ answer }) => answer.charge.usage.inputTokens)}::integer[],
          ${column(({ answer }) => answer.charge.usage.outputTokens)}::integer[]
        ) AS given (run_id, message_id, record_bytes, record, content, tool_calls, charged_input, charged_output)
      ), free AS MATERIALIZED (
        SELECT stored.id FROM ${chatRuns} AS stored JOIN given ON given.run_id = stored.id
        WHERE stored.status = 'running'
        FOR NO KEY UPDATE OF stored SKIP LOCKED
      ), run AS (
        UPDATE ${chatRuns} AS stored SET
          record = CASE WHEN given.record_bytes IS NULL THEN given.record
            ELSE left(stored.record::text, -1) || given.record END::json,
          charged_input = given.charged_input,
          charged_output = given.charged_output
        FROM given JOIN free ON free.id = given.run_id
        WHERE stored.id = given.run_id AND stored.status = 'running'
          AND (given.record_bytes IS NULL OR octet_length(stored.record::text) = given.record_bytes)
        RETURNING stored.id, given.message_id, given.record_bytes IS NULL AS is_whole, given.content, given.tool_calls
      ), message AS (
        UPDATE ${chatMessages} AS stored SET
          content = CASE WHEN run.is_whole THEN run.content ELSE stored.content || run.content END,
          tool_calls = coalesce(run.tool_calls::jsonb, stored.tool_calls)
        FROM run WHERE stored.id = run.message_id
      )
      SELECT id FROM run`)
    const stored = new Set(rows.map(({ id }) => id))
    return batch.map(({ answer }) => stored.has(answer.runId))
  }

  return {
    /**
     * saveProgress keeps what an answer says so far, unless its run has ended meanwhile. `before` is what the last call
     * gave; undefined is given when nothing was stored.
     */
    async saveProgress(answer: AnswerRows, before?: StoredProgress): Promise<StoredProgress | undefined> {
      const growth = growthOf(answer, before)
      gathering ??= sleep(GATHER_MS).then(() => void (gathering = undefined))
      await gathering
      return (await queue.add(growth)) ? growth.after : undefined
    },
  }
}

/**
 * growthOf gives what an answer has gained. With the record `[{"type":"RunStarted"},4]` stored and 5 and 11 new, `record`
 * is `,5,11]`, which follows what is stored without its last bracket.
 */
function growthOf(answer: AnswerRows, before: StoredProgress | undefined): Growth {
  const { content, toolCalls, record } = answer
  const after = { characters: content.length, entries: record.length, toolCalls: toolCalls.length }
  const calls = toolCalls.length > (before?.toolCalls ?? 0) ? JSON.stringify(toolCalls) : null
  if (!before || before.entries === 0) {
    const whole = JSON.stringify(record)
    return {
      answer,
      recordBytes: null,
      record: whole,
      content,
      toolCalls: calls,
      after: { ...after, recordBytes: Buffer.byteLength(whole) },
    }
  }
  const gained = JSON.stringify(record.slice(before.entries)).slice(1)
  const tail = gained === ']' ? gained : `,${gained}`
  return {
    answer,
    recordBytes: before.recordBytes,
    record: tail,
    content: content.slice(before.characters),
    toolCalls: calls,
    after: { ...after, recordBytes: before.recordBytes - 1 + Buffer.byteLength(tail) },
  }
}

import type { Transaction } from '../../platform/db/database.ts'
import { newId } from '../../platform/ids.ts'
import type { AgentEvent } from '../agent/index.ts'
import { createAnswerDraft } from './answer-draft.ts'
import { createRunLog } from './run-log.ts'
import { chatMessages, chatRuns, chatSessions } from './schema.ts'
import { sessionTitle } from './session-title.ts'

/** PastTurn is a message and what the engine said to it; `tookMs` is how long the answer took. */
export type PastTurn = { runId: string; at: Date; tookMs: number; message: string; events: AgentEvent[] }

/**
 * insertPastConversation writes a conversation that is over, with its runs, as streaming it would have left it. Turns come
 * oldest first; there is at least one.
 */
export async function insertPastConversation(
  tx: Transaction,
  conversation: { userId: string; businessId: string; turns: [PastTurn, ...PastTurn[]] },
): Promise<void> {
  const { userId, businessId, turns } = conversation
  const sessionId = newId()
  const title = sessionTitle(turns[0].message)
  let afterId = sessionId
  const rows = turns.map((turn) => {
    const written = turnRows(turn, { sessionId, userId, afterId, newTitle: turn === turns[0] ? title : undefined })
    afterId = written.answerId
    return written
  })
  const updatedAt = rows.at(-1)?.run.finishedAt ?? turns[0].at
  await tx.insert(chatSessions).values({ id: sessionId, businessId, userId, title, createdAt: turns[0].at, updatedAt })
  await tx.insert(chatRuns).values(rows.map(({ run }) => run))
  await tx.insert(chatMessages).values(rows.flatMap(({ messages }) => messages))
}

type Session = { sessionId: string; userId: string; afterId: string; newTitle: string | undefined }

function turnRows({ runId, at, tookMs, message, events }: PastTurn, { sessionId, userId, afterId, newTitle }: Session) {
  const userMessageId = newId()
  const answerId = newId()
  const log = createRunLog()
  if (newTitle !== undefined) log.append({ type: 'SessionCreated', sessionId, title: newTitle })
  log.append({ type: 'RunStarted', runId, sessionId, userMessageId, messageId: answerId })
  const draft = createAnswerDraft(log)
  for (const event of events) draft.take(event)
  draft.close()

  const status = 'complete' as const
  const finishedAt = new Date(at.getTime() + tookMs)
  const run = { id: runId, sessionId, userId, status, leaseUntil: finishedAt, startedAt: at, finishedAt }
  const said = { sessionId, runId, createdAt: at, status }
  return {
    answerId,
    run: { ...run, record: draft.record },
    messages: [
      { ...said, id: userMessageId, afterId, role: 'user' as const, content: message, toolCalls: null },
      {
        ...said,
        id: answerId,
        afterId: userMessageId,
        role: 'assistant' as const,
        content: draft.text,
        toolCalls: draft.toolCalls.length > 0 ? draft.toolCalls : null,
      },
    ],
  }
}

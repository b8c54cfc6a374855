import type { HistoryMessage } from '../agent/index.ts'

/** HistoryRow is an earlier message with its id. */
export type HistoryRow = HistoryMessage & { id: string }

/**
 * StoredSummary is what was said in a conversation up to and with the message `until`, which is part of the conversation as
 * it is shown. Where the owner went back before that message, there is no such summary.
 */
export type StoredSummary = { text: string; until: string }

/**
 * afterSummary takes out of a conversation what its summary tells already: what is left, oldest first, and the summary.
 * `rows` are the newest messages; where the last one of the summary is not among them, it is older than all of them.
 */
export function afterSummary(said: { rows: readonly HistoryRow[]; stored: StoredSummary | undefined }): {
  rows: readonly HistoryRow[]
  summary?: string
} {
  const { rows, stored } = said
  if (!stored) return { rows }
  return { rows: rows.slice(rows.findIndex(({ id }) => id === stored.until) + 1), summary: stored.text }
}

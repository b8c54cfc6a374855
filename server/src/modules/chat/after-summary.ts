import type { HistoryMessage } from '../agent/index.ts'

/** HistoryRow is an earlier message with its id. */
export type HistoryRow = HistoryMessage & { id: string }

/** StoredSummary is what was said in a conversation up to and with the message `until`. */
export type StoredSummary = { text: string; until: string }

/**
 * afterSummary takes out of a conversation what its summary tells already: what is left, oldest first, and the summary
 * where it still holds. It does not hold when its last message is no longer part of the conversation, because the owner
 * went back before it. `rows` are the newest messages, at most `limit`.
 */
export function afterSummary(input: {
  rows: readonly HistoryRow[]
  limit: number
  stored: StoredSummary | undefined
}): { rows: readonly HistoryRow[]; summary?: string } {
  const { rows, limit, stored } = input
  if (!stored) return { rows }
  const at = rows.findIndex(({ id }) => id === stored.until)
  if (at >= 0) return { rows: rows.slice(at + 1), summary: stored.text }
  const [oldest] = rows
  // Ids rise with time: the last message of the summary may be older than all that was read.
  const isOlder = oldest !== undefined && rows.length >= limit && stored.until < oldest.id
  return isOlder ? { rows, summary: stored.text } : { rows }
}

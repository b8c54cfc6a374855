import type { ChatMessage } from '../../api/types.ts'
import type { RunView } from './run-view.ts'

/**
 * shownMessages are the stored messages that stand beside a run shown live: without the answer that is being written (it is
 * shown from its stream), and without what the run takes the place of. A run that never started takes no place.
 */
export function shownMessages(messages: readonly ChatMessage[], live: RunView | undefined): readonly ChatMessage[] {
  if (!live) return messages
  const written = messages.filter(({ status }) => status !== 'streaming')
  const { remake, runId } = live
  if (!remake || (live.phase === 'failed' && runId === undefined)) return written
  const at = written.findIndex(({ id }) => id === remake.messageId)
  if (at < 0) return written
  const stays = remake.kind === 'regenerate' && written[at]?.role === 'user' ? at + 1 : at
  return written.filter(({ run_id }, index) => index < stays || (runId !== undefined && run_id === runId))
}

/** Slot is a message with the name of its place, which stays the same when another version of it is shown there. */
export type Slot = { message: ChatMessage; slot: string }

/** slotsOf names the places of messages by what they follow. `isWhole` says that nothing stands before the first one. */
export function slotsOf(messages: readonly ChatMessage[], isWhole: boolean): Slot[] {
  return messages.map((message, index) => ({
    message,
    slot: messages[index - 1]?.id ?? (isWhole ? 'start' : `first ${message.id}`),
  }))
}

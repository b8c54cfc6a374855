import type { ChatMessage } from '../../api/types.ts'

/** MessageActions are what can be done with a stored message while no answer runs. */
export type MessageActions = {
  /** Only for the last answer. */
  regenerate?: (() => void) | undefined
  edit: (content: string) => void
  /** Called before another version is shown. */
  onSwitch: () => void
}

/** StoredMessageProps name a message, the place it stands in, and what can be done with it. */
export type StoredMessageProps = { message: ChatMessage; slot: string; actions: MessageActions | undefined }

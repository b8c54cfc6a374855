import { createHash } from 'node:crypto'

/**
 * ConversationNames are how a client that keeps ids of its own means a conversation: it is looked up by the first of `find`
 * that is known, and the message that is sent is known by all of `keep` from then on.
 */
export type ConversationNames = { find: string[]; keep: string[] }

/**
 * conversationName makes a name of what a client calls a conversation, or a place in one. Names are hashes: of one length
 * whatever was sent, and nothing that anybody wrote stands in them. `kind` keeps what one protocol names from being taken
 * for what another does.
 */
export function conversationName(kind: 'ui' | 'ui-message' | 'openai' | 'openai-turn', ...parts: string[]): string {
  // As JSON, so that no two lists of parts can be the same text.
  return createHash('sha256')
    .update(JSON.stringify([kind, ...parts]))
    .digest('base64url')
}

/** Question is a message that tells the bench's model server how to answer it. */
export type Question = {
  tokens: number
  /** Time between two tokens, a multiple of 5 ms. */
  everyMs: number
  /** With an id, the answer is words that the model server remembers; without one, each token tells when it was written. */
  id?: string
}

const prefix = 'bench '

/** questionText is the message of a question. */
export const questionText = (question: Question) => prefix + JSON.stringify(question)

/** questionOf reads a message back; undefined for any other message, which a service may ask a model on its own account. */
export function questionOf(message: string): Question | undefined {
  return message.startsWith(`${prefix}{`) ? JSON.parse(message.slice(prefix.length)) : undefined
}

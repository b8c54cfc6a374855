import { createHash } from 'node:crypto'

/**
 * factKey is the same for two facts that say the same: it is a digest of the words without case, without differences of
 * compatible characters, of quotes and spaces, and without what stands at the ends (`“We close on Mondays.”` and
 * `we close  on mondays`). It is hex of a fixed length, so that it fits an index.
 */
export function factKey(content: string): string {
  const words = content
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[‘’‛`´]/gu, "'")
    .replace(/[“”„«»"]/gu, '')
    .replace(/\s+/gu, ' ')
    .replace(/^[\s'.,;:!-]+|[\s'.,;:!…-]+$/gu, '')
  // A fact of nothing but such characters is told apart by them.
  return createHash('sha256')
    .update(words === '' ? content : words)
    .digest('hex')
}

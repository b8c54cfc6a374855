import { cleanLine } from '../../platform/text.ts'

const MAX_CHARACTERS = 60

/** sessionTitle names a session after its first message: one clean line of at most 60 characters, cut between words. */
export function sessionTitle(message: string, untitled = 'New conversation'): string {
  const characters = [...cleanLine(message).replaceAll(/\s+/g, ' ').trim()]
  if (characters.length === 0) return untitled
  if (characters.length <= MAX_CHARACTERS) return characters.join('')
  const cut = characters.slice(0, MAX_CHARACTERS - 1).join('')
  const wordEnd = characters[MAX_CHARACTERS - 1] === ' ' ? cut.length : cut.lastIndexOf(' ')
  // A first word longer than half the title is cut inside: better than nearly no title.
  const title = wordEnd > MAX_CHARACTERS / 2 ? cut.slice(0, wordEnd) : cut
  return `${title.replace(/[\s.,;:!?–—-]+$/u, '')}…`
}

import { createHash, randomBytes, randomInt } from 'node:crypto'

/** newSecretToken is 256 random bits in a form that fits cookies and addresses. */
export function newSecretToken(): string {
  return randomBytes(32).toString('base64url')
}

/**
 * hashSecretToken is what is stored of a secret token. Plain SHA-256 is enough where the secret is random: there is
 * nothing to guess, so nothing to slow down.
 */
export function hashSecretToken(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

// Without the characters that are taken for each other when read from a screen.
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789'

/** generatedPassword is a password to be read and typed once: five groups of four, just below 100 bits. */
export function generatedPassword(): string {
  const group = () => Array.from({ length: 4 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')
  return Array.from({ length: 5 }, group).join('-')
}

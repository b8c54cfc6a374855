import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { derivedKey } from '../auth/index.ts'

const CIPHER = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16
// The specification asks for 24 to 64 bytes.
const SECRET_BYTES = 32

/** newSigningSecret makes a secret in the form that Standard Webhooks gives it: `whsec_` and base64. */
export function newSigningSecret(): string {
  return `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`
}

/** SecretVault keeps signing secrets so that the database alone does not give them away. */
export type SecretVault = {
  seal(targetId: string, secret: string): string
  /** open throws when it was sealed for another target or under another SECRET_KEY. */
  open(targetId: string, sealed: string): string
}

/**
 * createSecretVault seals with AES-256-GCM, under a key of its own that is derived from the installation's secret. A sealed
 * secret is the base64 of nonce, tag and ciphertext, and is bound to its target, so that it cannot be moved to another.
 */
export function createSecretVault(secretKey: string): SecretVault {
  const key = derivedKey(secretKey, 'webhook-secret')
  return {
    seal(targetId, secret) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(targetId))
      const ciphertext = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()])
      return Buffer.concat([nonce, cipher.getAuthTag(), ciphertext]).toString('base64')
    },
    open(targetId, sealed) {
      const bytes = Buffer.from(sealed, 'base64')
      const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
      decipher.setAAD(Buffer.from(targetId)).setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
      return decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
    },
  }
}

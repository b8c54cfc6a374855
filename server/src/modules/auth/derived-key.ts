import { hkdfSync } from 'node:crypto'

/**
 * derivedKey makes a 32-byte key for one purpose out of the installation's secret (HKDF-SHA-256, RFC 5869), so that what
 * is signed for one purpose never passes for another.
 */
export function derivedKey(secretKey: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secretKey, 'tangga', purpose, 32))
}

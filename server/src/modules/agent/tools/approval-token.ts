import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { JSONValue } from '@ai-sdk/provider'
import { canonicalJson } from './canonical-json.ts'

/** SignedApproval is everything that a decision is bound to. */
export type SignedApproval = {
  id: string
  runId: string
  callId: string
  tool: string
  argumentsHash: string
  userId: string
  expiresAt: Date
}

/** approvalToken signs an approval (HMAC-SHA-256, base64url) with a key that serves nothing else. */
export function approvalToken(key: Buffer, approval: SignedApproval): string {
  return signature(key, approval).toString('base64url')
}

/** isApprovalToken tells whether the token is the approval's, in time that does not depend on where they differ. */
export function isApprovalToken(key: Buffer, approval: SignedApproval, token: string): boolean {
  const given = Buffer.from(token, 'base64url')
  const expected = signature(key, approval)
  return given.length === expected.length && timingSafeEqual(given, expected)
}

/** argumentsHash is the SHA-256 of arguments in hex, whatever the order of their names. */
export function argumentsHash(args: JSONValue): string {
  return createHash('sha256').update(canonicalJson(args)).digest('hex')
}

function signature(key: Buffer, { id, runId, callId, tool, argumentsHash: hash, userId, expiresAt }: SignedApproval) {
  // JSON keeps the parts apart, whatever characters they have.
  return createHmac('sha256', key)
    .update(JSON.stringify([id, runId, callId, tool, hash, userId, expiresAt.toISOString()]))
    .digest()
}

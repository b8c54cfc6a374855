/** KEY_SCOPES are what an API key can be allowed to do; a key has one or more of them. */
export const KEY_SCOPES = ['events:write', 'links:write', 'feed:read'] as const

/** KeyScope is one of the KEY_SCOPES. */
export type KeyScope = (typeof KEY_SCOPES)[number]

const known: ReadonlySet<unknown> = new Set(KEY_SCOPES)

/** isKeyScope tells whether something names a scope. */
export function isKeyScope(scope: unknown): scope is KeyScope {
  return known.has(scope)
}

import { problemOf } from './problem.ts'
import type { Grant } from './session.ts'
import type { KeyValue } from './shared-lock.ts'

type RefreshParts = {
  fetch: (path: string, init: RequestInit) => Promise<Response>
  storage: KeyValue
  now: () => number
  wait: (ms: number) => Promise<void>
}

const startedKey = 'tangga.refresh-started'
const settleMs = 3_000

/**
 * createRefresh makes the call that trades the refresh cookie for a new access token; to be run under the lock.
 * A page that is reloaded in the middle of it leaves an exchange in flight whose answer replaces the cookie a moment
 * later. `keepalive` lets that answer arrive, and the mark left in storage makes the next page wait for it instead of
 * using the old cookie a second time, which would end the sign-in.
 */
export function createRefresh({ fetch, storage, now, wait }: RefreshParts): () => Promise<Grant | null> {
  return async () => {
    const sinceStart = now() - Number(storage.getItem(startedKey) ?? 0)
    if (sinceStart >= 0 && sinceStart < settleMs) await wait(settleMs - sinceStart)
    const mark = String(now())
    storage.setItem(startedKey, mark)
    const response = await fetch('/api/v1/auth/refresh', {
      method: 'POST',
      keepalive: true,
      signal: AbortSignal.timeout(10_000),
    })
    // Without an answer the mark stays: the exchange may have taken place.
    if (storage.getItem(startedKey) === mark) storage.removeItem(startedKey)
    if (response.status === 401) return null
    if (!response.ok) throw await problemOf(response)
    const grant: Grant = await response.json()
    return grant
  }
}

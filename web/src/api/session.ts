/** Grant is the server's answer to a login or a refresh; `expires_in` is in seconds. */
export type Grant = { access_token: string; expires_in: number }

/** SessionMessage is what one tab tells the others. */
export type SessionMessage = { kind: 'token' | 'signed-in'; token: string; expiresAt: number } | { kind: 'signed-out' }

/** SessionChannel carries messages between the tabs; a tab does not hear itself. */
export type SessionChannel = {
  post(message: SessionMessage): void
  listen(hear: (message: SessionMessage) => void): void
}

/** SessionChange is told to the app: who is signed in may have changed. */
export type SessionChange = 'signed-in' | 'signed-out'

type SessionParts = {
  /** Trades the cookie for a grant; null when there is no valid cookie; throws when the server cannot be asked. */
  refresh: () => Promise<Grant | null>
  /** Runs work while no other tab runs it. */
  exclusively: <T>(work: () => Promise<T>) => Promise<T>
  channel: SessionChannel
  now: () => number
}

/** Session holds this tab's access token, in memory only. */
export type Session = ReturnType<typeof createSession>

const earlyMs = 20_000

/**
 * createSession keeps the access token of this tab and shares one refresh among all tabs. A refresh cookie works once
 * and a reused one ends the sign-in, so tabs take turns: whoever waited takes over the token that the one before it
 * handed out, or else refreshes with the cookie that one received.
 */
export function createSession({ refresh, exclusively, channel, now }: SessionParts) {
  let held: { token: string; expiresAt: number } | undefined
  let pending: Promise<string | null> | undefined
  // Counts sign-ins and sign-outs, so that a refresh that was under way meanwhile cannot undo them.
  let era = 0
  const listeners = new Set<(change: SessionChange) => void>()

  const usable = (rejected?: string) =>
    held && held.token !== rejected && held.expiresAt - earlyMs > now() ? held.token : undefined

  const change = (what: SessionChange) => {
    era++
    for (const listener of listeners) listener(what)
  }

  const hold = (grant: Grant) => {
    held = { token: grant.access_token, expiresAt: now() + grant.expires_in * 1000 }
    return held
  }

  channel.listen((message) => {
    if (message.kind === 'signed-out') {
      held = undefined
      change('signed-out')
    } else {
      held = { token: message.token, expiresAt: message.expiresAt }
      if (message.kind === 'signed-in') change('signed-in')
    }
  })

  const renew = (rejected?: string) =>
    exclusively(async () => {
      const handedOver = usable(rejected)
      if (handedOver !== undefined) return handedOver
      const before = era
      const grant = await refresh()
      if (era !== before) return held?.token ?? null
      if (grant) {
        channel.post({ kind: 'token', ...hold(grant) })
        return grant.access_token
      }
      const wasSignedIn = held !== undefined
      held = undefined
      if (wasSignedIn) {
        channel.post({ kind: 'signed-out' })
        change('signed-out')
      }
      return null
    })

  return {
    /** token is a token that should work, refreshed if need be, or null when nobody is signed in. `rejected` is one that the server has just refused. */
    async token(rejected?: string): Promise<string | null> {
      const current = usable(rejected)
      if (current !== undefined) return current
      pending ??= renew(rejected).finally(() => (pending = undefined))
      return pending
    },
    /** start takes over the grant of a login and tells the other tabs. */
    start(grant: Grant): void {
      channel.post({ kind: 'signed-in', ...hold(grant) })
      change('signed-in')
    },
    /** end forgets the token here and in the other tabs. */
    end(): void {
      held = undefined
      channel.post({ kind: 'signed-out' })
      change('signed-out')
    },
    /** listen hears of every sign-in and sign-out, here or in another tab, until the returned function is called. */
    listen(listener: (change: SessionChange) => void): () => void {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

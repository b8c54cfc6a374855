import type { Clock } from '../../platform/clock.ts'
import type { Database } from '../../platform/db/database.ts'
import type { Log } from '../../platform/logger.ts'
import { type ApiKey, findKeyByHash, noteKeyUses } from './key-repository.ts'
import { hashSecretToken, newSecretToken } from './secret-token.ts'

// How long another instance's revocation may go unnoticed here; one of this process is noticed at once.
const REMEMBERED_MS = 2_000
const REMEMBERED_KEYS = 10_000
const USE_NOTED_EVERY_MS = 60_000
const USES_GATHERED_MS = 1_000
const SHAPE = /^tgk_[A-Za-z0-9_-]{43}$/

/** newApiKey is a key of 256 random bits. */
export const newApiKey = () => `tgk_${newSecretToken()}`

/** ApiKeys recognise keys, without asking the database for each request. */
export type ApiKeys = {
  /** identify answers the key, or undefined when there is none such, it was revoked, or it has expired. */
  identify(key: string): Promise<ApiKey | undefined>
  /** forget makes this process look at a key's row again; for whoever changed it. */
  forget(keyHash: string): void
  /** flush writes when keys were last used, as happens by itself within a second. */
  flush(): Promise<void>
}

/** createApiKeys makes the recogniser of this process. */
export function createApiKeys({ db, clock, log }: { db: Database; clock: Clock; log: Log }): ApiKeys {
  const remembered = new Map<string, { row: Promise<ApiKey | undefined>; until: number }>()
  const noted = new Map<string, number>()
  let uses = new Map<string, Date>()
  let timer: NodeJS.Timeout | undefined

  function look(keyHash: string): Promise<ApiKey | undefined> {
    const now = clock.now().getTime()
    const known = remembered.get(keyHash)
    if (known && now < known.until) return known.row
    const row = findKeyByHash(db, keyHash)
    // Rows of keys that do not exist are not kept, nor are failures: guesses must not fill the memory.
    const entry = { row, until: now + REMEMBERED_MS }
    const drop = () => {
      if (remembered.get(keyHash) === entry) remembered.delete(keyHash)
    }
    if (remembered.size >= REMEMBERED_KEYS) remembered.clear()
    remembered.set(keyHash, entry)
    row.then((found) => found ?? drop(), drop)
    return row
  }

  function noteUse(key: ApiKey, now: Date): void {
    const last = Math.max(noted.get(key.id) ?? 0, key.lastUsedAt?.getTime() ?? 0)
    if (now.getTime() - last < USE_NOTED_EVERY_MS) return
    if (noted.size >= REMEMBERED_KEYS) noted.clear()
    noted.set(key.id, now.getTime())
    uses.set(key.id, now)
    timer ??= setTimeout(() => void flush(), USES_GATHERED_MS).unref()
  }

  async function flush(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    if (uses.size === 0) return
    const gathered = uses
    uses = new Map()
    await noteKeyUses(db, gathered).catch((error: unknown) =>
      log.warn({ err: error }, 'when API keys were last used could not be written'),
    )
  }

  return {
    async identify(key) {
      if (!SHAPE.test(key)) return undefined
      const found = await look(hashSecretToken(key))
      const now = clock.now()
      if (!found || (found.expiresAt && found.expiresAt <= now)) return undefined
      noteUse(found, now)
      return found
    },
    forget: (keyHash) => void remembered.delete(keyHash),
    flush,
  }
}

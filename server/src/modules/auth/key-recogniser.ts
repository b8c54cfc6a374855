import type { Clock } from '../../platform/clock.ts'
import type { Log } from '../../platform/logger.ts'
import { hashSecretToken } from './secret-token.ts'

const REMEMBERED_KEYS = 10_000
const USE_NOTED_EVERY_MS = 60_000
const USES_GATHERED_MS = 1_000

/** KeyRow is what a recogniser needs to know of a key's row. */
export type KeyRow = { id: string; expiresAt: Date | null; lastUsedAt: Date | null }

/** KeyRecogniser recognises keys of one kind, which are random and stored as hashes. */
export type KeyRecogniser<Row> = {
  /** identify answers the key, or undefined when there is none such, it was revoked, or it has expired. */
  identify(key: string): Promise<Row | undefined>
  /** forget makes this process look at a key's row again; for whoever changed it. */
  forget(keyHash: string): void
  /** flush writes when keys were last used, as happens by itself within a second. */
  flush(): Promise<void>
}

/**
 * createKeyRecogniser makes the recogniser of this process. `shape` is how keys of the kind look, `find` reads a row by its
 * hash, `noteUses` writes when keys were last used, by their ids. A row is remembered for `rememberedMs`, which is how long
 * another instance's revocation may go unnoticed here; with 0 every key is looked up each time.
 */
export function createKeyRecogniser<Row extends KeyRow>(options: {
  shape: RegExp
  find(keyHash: string): Promise<Row | undefined>
  noteUses(uses: Map<string, Date>): Promise<void>
  rememberedMs: number
  clock: Clock
  log: Log
}): KeyRecogniser<Row> {
  const { shape, find, noteUses, rememberedMs, clock, log } = options
  const remembered = new Map<string, { row: Promise<Row | undefined>; until: number }>()
  const noted = new Map<string, number>()
  let uses = new Map<string, Date>()
  let timer: NodeJS.Timeout | undefined

  function look(keyHash: string): Promise<Row | undefined> {
    if (rememberedMs === 0) return find(keyHash)
    const now = clock.now().getTime()
    const known = remembered.get(keyHash)
    if (known && now < known.until) return known.row
    const row = find(keyHash)
    // Rows of keys that do not exist are not kept, nor are failures: guesses must not fill the memory.
    const entry = { row, until: now + rememberedMs }
    const drop = () => {
      if (remembered.get(keyHash) === entry) remembered.delete(keyHash)
    }
    if (remembered.size >= REMEMBERED_KEYS) remembered.clear()
    remembered.set(keyHash, entry)
    row.then((found) => found ?? drop(), drop)
    return row
  }

  function noteUse(key: Row, now: Date): void {
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
    await noteUses(gathered).catch((error: unknown) =>
      log.warn({ err: error }, 'when keys were last used could not be written'),
    )
  }

  return {
    async identify(key) {
      if (!shape.test(key)) return undefined
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

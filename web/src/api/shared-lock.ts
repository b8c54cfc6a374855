/** Exclusively runs work while no other tab of the site runs work under the same lock. */
export type Exclusively = <T>(work: () => Promise<T>) => Promise<T>

/** KeyValue is the part of `localStorage` that the lock needs. */
export type KeyValue = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

type StorageLockParts = {
  name: string
  storage: KeyValue
  now: () => number
  wait: (ms: number) => Promise<void>
  random: () => number
  /** Calls `release` when the page is left, until the returned function is called. */
  onLeave: (release: () => void) => () => void
}

const leaseMs = 15_000

/**
 * webLock is the browser's own lock: released by itself when a tab dies.
 * It exists only in secure contexts (https and localhost).
 */
export function webLock(locks: LockManager, name: string): Exclusively {
  return async (work) => locks.request(name, work)
}

/**
 * storageLock takes turns through storage that the tabs share, for plain-http addresses where the browser's lock does
 * not exist. Storage cannot compare and set: each tab writes its own mark, waits a moment, and holds the lock if its
 * mark is still there. A tab that stalls for longer than that moment between reading and writing can still slip in.
 * A page that is left takes its mark along; that of a tab that died is ignored after 15 s.
 */
export function storageLock({ name, storage, now, wait, random, onLeave }: StorageLockParts): Exclusively {
  const owner = () => {
    const [id, until] = storage.getItem(name)?.split(' ') ?? []
    return id !== undefined && Number(until) > now() ? id : undefined
  }
  return async (work) => {
    const me = random().toString(36).slice(2)
    const release = () => {
      if (owner() === me) storage.removeItem(name)
    }
    const stay = onLeave(release)
    try {
      while (owner() !== me) {
        if (owner() === undefined) storage.setItem(name, `${me} ${now() + leaseMs}`)
        await wait(100 + random() * 100)
      }
      return await work()
    } finally {
      release()
      stay()
    }
  }
}

import { createRefresh } from './refresh.ts'
import { createSession, type SessionChannel, type SessionMessage } from './session.ts'
import { storageLock, webLock, type KeyValue } from './shared-lock.ts'

const lockName = 'tangga.refresh'
const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** browserStorage is localStorage, or this tab's memory where the browser forbids it. */
export const browserStorage: KeyValue = openStorage()

const onLeave = (release: () => void) => {
  addEventListener('pagehide', release)
  return () => removeEventListener('pagehide', release)
}

function openStorage(): KeyValue {
  try {
    localStorage.setItem('tangga.probe', '')
    localStorage.removeItem('tangga.probe')
    return localStorage
  } catch {
    // Blocked by the person's settings: each tab then remembers for itself.
    const memory = new Map<string, string>()
    return {
      getItem: (key) => memory.get(key) ?? null,
      setItem: (key, value) => void memory.set(key, value),
      removeItem: (key) => void memory.delete(key),
    }
  }
}

function openChannel(): SessionChannel {
  const channel = new BroadcastChannel('tangga.session')
  return {
    post: (message) => channel.postMessage(message),
    listen: (hear) => channel.addEventListener('message', (event: MessageEvent<SessionMessage>) => hear(event.data)),
  }
}

/** session is the sign-in of this browser, shared by its tabs. */
export const session = createSession({
  refresh: createRefresh({ fetch: (path, init) => fetch(path, init), storage: browserStorage, now: Date.now, wait }),
  // `navigator.locks` is undefined on plain-http addresses, whatever its type says.
  exclusively:
    'locks' in navigator
      ? webLock(navigator.locks, lockName)
      : storageLock({ name: lockName, storage: browserStorage, now: Date.now, wait, random: Math.random, onLeave }),
  channel: openChannel(),
  now: Date.now,
})

/**
 * createActionKeys keeps one idempotency key for one intended action: while the same action is retried (after a lost
 * answer, say) the key stays, so the server does it once; another action, or the next one after `done`, gets a new key.
 */
export function createActionKeys(newKey: () => string = randomKey) {
  let held: { action: string; key: string } | undefined
  return {
    keyFor(action: unknown): string {
      const text = JSON.stringify(action)
      if (held?.action !== text) held = { action: text, key: newKey() }
      return held.key
    },
    done(): void {
      held = undefined
    },
  }
}

/** randomKey is a version 4 UUID; `crypto.randomUUID` does not exist on plain-http addresses other than localhost. */
export function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  const hex = Array.from(bytes, (byte, index) => {
    const marked = index === 6 ? (byte & 0x0f) | 0x40 : index === 8 ? (byte & 0x3f) | 0x80 : byte
    return marked.toString(16).padStart(2, '0')
  }).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

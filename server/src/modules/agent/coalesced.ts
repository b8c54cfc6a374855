/** Coalesced gathers pieces of text that arrive in bursts and hands them on together. */
export type Coalesced = {
  push(text: string): void
  /** Ends the pieces, with an error when there is one; what was pushed before is still handed on. */
  end(error?: { reason: unknown }): void
  pieces(): AsyncGenerator<string, void>
}

/**
 * coalesced hands on the first piece, and any that comes after `windowMs` of quiet, at once; pieces that follow within
 * `windowMs` of the last are joined until that time is over. Pieces slower than the window are never held up, and a
 * burst costs one timer a window, however many pieces it has.
 */
export function coalesced(windowMs: number): Coalesced {
  let buffer = ''
  let ended = false
  let failed: { reason: unknown } | undefined
  let handedOnAt = -Infinity
  let waitsForText = false
  let wake = () => {}

  const waitForText = () =>
    new Promise<void>((resolve) => {
      waitsForText = true
      wake = resolve
    })
  // Only the end cuts this wait short; more text does not.
  const waitForWindow = (ms: number) =>
    new Promise<void>((resolve) => {
      waitsForText = false
      const timer = setTimeout(resolve, ms)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })

  return {
    push(text) {
      buffer += text
      if (waitsForText) wake()
    },
    end(error) {
      if (ended) return
      ended = true
      failed = error
      wake()
    },
    async *pieces() {
      for (;;) {
        if (buffer === '' && !ended) await waitForText()
        const rest = handedOnAt + windowMs - performance.now()
        if (rest > 0 && !ended) await waitForWindow(rest)
        const piece = buffer
        buffer = ''
        if (piece !== '') {
          handedOnAt = performance.now()
          yield piece
        } else if (ended) {
          if (failed) throw failed.reason
          return
        }
      }
    },
  }
}

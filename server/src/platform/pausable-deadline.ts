/** PausableDeadline is a time limit that does not run while it is paused. */
export type PausableDeadline = ReturnType<typeof createPausableDeadline>

/**
 * createPausableDeadline calls `onReached` once, after `ms` of running time. Pauses may overlap; time runs again when each
 * `pause` has been followed by its `resume`.
 */
export function createPausableDeadline(ms: number, onReached: () => void) {
  let leftMs = ms
  let pauses = 0
  let since = performance.now()
  let timer: NodeJS.Timeout | undefined = setTimeout(onReached, leftMs)
  let over = false
  return {
    pause(): void {
      if (pauses++ > 0 || over) return
      clearTimeout(timer)
      leftMs = Math.max(0, leftMs - (performance.now() - since))
    },
    resume(): void {
      if (pauses === 0 || --pauses > 0 || over) return
      since = performance.now()
      timer = setTimeout(onReached, leftMs)
    },
    /** clear gives the deadline up. */
    clear(): void {
      over = true
      clearTimeout(timer)
    },
  }
}

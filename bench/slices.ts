/** rate runs `work` from `callers` callers for `durationMs` and answers how often it finished, a second. */
export async function rate(work: () => Promise<number>, callers: number, durationMs: number): Promise<number> {
  const start = performance.now()
  let finished = 0
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (performance.now() - start < durationMs) {
        // Read after the wait: `finished += await …` would forget what others have added meanwhile.
        const done = await work()
        finished += done
      }
    }),
  )
  return finished / ((performance.now() - start) / 1000)
}

/** Pair is one slice of each of two contenders, measured right after each other. */
export type Pair = { ours: number; theirs: number }

/**
 * pairedSlices measures two contenders in turn, and swaps who goes first each time, so that a machine whose speed drifts
 * treats them alike. The first pair warms up and is not counted.
 */
export async function pairedSlices(
  contenders: { ours: () => Promise<number>; theirs: () => Promise<number> },
  pairs: number,
): Promise<Pair[]> {
  const measured: Pair[] = []
  for (let index = 0; index <= pairs; index++) {
    const oursFirst = index % 2 === 0
    const first = oursFirst ? await contenders.ours() : await contenders.theirs()
    const second = oursFirst ? await contenders.theirs() : await contenders.ours()
    if (index > 0) measured.push(oursFirst ? { ours: first, theirs: second } : { ours: second, theirs: first })
  }
  return measured
}

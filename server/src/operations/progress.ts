import { styleText } from 'node:util'

const REDRAW_MS = 100
const LINE_MS = 5_000
const WIDTH = 24

/** Progress shows how far something is; `advance` tells how many more are done. */
export type Progress = { advance(count: number): void; done(): void }

type Output = { write(text: string): unknown; isTTY?: boolean | undefined }

type ProgressOptions = {
  /** What is being done: `verify`. */
  label: string
  /** How many there are in all; an estimate will do. */
  total: number
  /** What is counted: `businesses`. */
  unit: string
  output?: Output
  now?: () => number
}

/**
 * createProgress shows a bar that is redrawn in place on a terminal, and a plain line every five seconds anywhere else.
 * It writes to standard error, so that standard output holds results only.
 */
export function createProgress({
  label,
  total,
  unit,
  output = process.stderr,
  now = Date.now,
}: ProgressOptions): Progress {
  const startedAt = now()
  let count = 0
  let shownAt = startedAt
  const isTerminal = output.isTTY === true

  function show(): void {
    shownAt = now()
    const text = describe({ label, count, total, unit, elapsedMs: shownAt - startedAt })
    output.write(isTerminal ? `\r${bar(count / Math.max(1, total))} ${text}\u001B[K` : `${text}\n`)
  }

  return {
    advance(more) {
      count += more
      if (now() - shownAt >= (isTerminal ? REDRAW_MS : LINE_MS)) show()
    },
    done() {
      if (isTerminal) output.write('\r\u001B[K')
    },
  }
}

/** describe says in words how far something is, and how long it will take where that can be told. */
export function describe(state: {
  label: string
  count: number
  total: number
  unit: string
  elapsedMs: number
}): string {
  const { label, count, total, unit, elapsedMs } = state
  const share = Math.min(1, count / Math.max(1, total))
  const whole = (value: number) => Math.round(value).toLocaleString('en')
  const left = share > 0.02 && share < 1 ? `, ${whole((elapsedMs / share - elapsedMs) / 1000)} s left` : ''
  return `${label}: ${Math.floor(share * 100)} %, ${whole(count)} of ${whole(Math.max(total, count))} ${unit}${left}`
}

function bar(share: number): string {
  const filled = Math.round(Math.min(1, share) * WIDTH)
  return styleText('green', '█'.repeat(filled)) + '░'.repeat(WIDTH - filled)
}

import { setTimeout as sleep } from 'node:timers/promises'
import { percentile } from '../statistics.ts'
import { ask, type Target } from './answer-stream.ts'
import { nowMs, stampOf } from './clock.ts'
import { type Usage, usage } from './serve-parent.ts'

/** LoadWindow is what arrived while a load was steady; delays are from the model server's write to the client. */
export type LoadWindow = {
  tokens: number
  seconds: number
  delayMs: { p50: number; p99: number; max: number }
  failures: number
  /** The first of them, for a person. */
  failure: string | undefined
  /** Answers that began. */
  begun: number
  clients: { before: Usage; after: Usage }
}

/** SteadyLoad holds a number of answers live: when one ends, the next one is asked for. */
export type SteadyLoad = ReturnType<typeof createSteadyLoad>

/**
 * createSteadyLoad makes one that asks a target for answers of `tokens` tokens. The first answers are cut to random
 * lengths, so that from the beginning answers begin and end as evenly as they do later on.
 */
export function createSteadyLoad(target: Target, { tokens, everyMs }: { tokens: number; everyMs: number }) {
  let wanted = 0
  let live = 0
  let asked = 0
  let failures = 0
  let failure: string | undefined
  let delays: number[] | undefined

  function begin(length: number): void {
    live++
    let word = ''
    ask(
      target,
      { question: { tokens: length, everyMs }, owner: asked++ },
      {
        onText(text) {
          if (!delays) return
          const now = nowMs()
          word += text
          const words = word.split(/\s+/)
          word = words.pop() ?? ''
          for (const stamp of words) if (stamp !== '') delays.push(now - stampOf(stamp))
        },
        onEnd(reason) {
          live--
          if (reason !== undefined) {
            failures++
            failure ??= reason
          }
          if (live < wanted) begin(tokens)
        },
      },
    )
  }

  return {
    /** setStreams brings the number of live answers up to `streams`, evenly within `overMs`, or lets them run out. */
    async setStreams(streams: number, overMs: number): Promise<void> {
      const first = wanted
      wanted = streams
      const start = nowMs()
      for (let nth = first; nth < streams; nth++) {
        const wait = start + ((nth - first) * overMs) / (streams - first) - nowMs()
        if (wait > 0) await sleep(wait)
        begin(1 + Math.floor(Math.random() * tokens))
      }
    },

    /** window measures for a while. */
    async window(ms: number): Promise<LoadWindow> {
      const taken: number[] = []
      const begun = asked
      failures = 0
      failure = undefined
      const before = usage()
      delays = taken
      await sleep(ms)
      delays = undefined
      const after = usage()
      const share = (part: number) => (taken.length === 0 ? Infinity : percentile(taken, part))
      return {
        tokens: taken.length,
        seconds: (after.atMs - before.atMs) / 1000,
        delayMs: { p50: share(0.5), p99: share(0.99), max: share(1) },
        failures,
        failure,
        begun: asked - begun,
        clients: { before, after },
      }
    },

    /** drained resolves when the last answer has ended. */
    async drained(): Promise<void> {
      const giveUpAt = nowMs() + 60_000
      while (live > 0) {
        if (nowMs() > giveUpAt) throw new Error(`${live} answers did not end`)
        await sleep(20)
      }
    },
  }
}

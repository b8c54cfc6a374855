import type { Clock } from '../../platform/clock.ts'
import type { Database } from '../../platform/db/database.ts'
import type { Log } from '../../platform/logger.ts'
import type { ModelUse, TellUse } from '../agent/index.ts'
import { budgetDate } from './budget/budget-day.ts'
import { enter, isDaySpent } from './budget/budget-repository.ts'
import { type PriceSettings, tariffOf } from './budget/prices.ts'
import { within } from './run-registry.ts'

/** SideCalls are what the chat asks the model by itself, beside answers: titles and summaries. */
export type SideCalls = ReturnType<typeof createSideCalls>

/** SideCall is for whom and about which conversation the model is asked. */
export type SideCall = { userId: string; sessionId: string }

type Send<Answer> = (signal: AbortSignal, used: TellUse) => Promise<Answer>
type Ask = <Answer>(send: Send<Answer>) => Promise<Answer | undefined>

// Nothing is lost with a title or a summary, so the process does not wait long for one.
const CLOSE_MS = 500

/** createSideCalls makes them; `onUsed` is told what each used, for the metrics. */
export function createSideCalls(deps: {
  db: Database
  prices: PriceSettings
  timeZone: string
  clock: Clock
  log: Log
  onUsed?: (use: ModelUse) => void
}) {
  const { db, prices, timeZone, clock, log } = deps
  const underWay = new Map<AbortController, SideCall & { over: Promise<unknown> }>()
  let isClosed = false

  async function ask<Answer>(call: SideCall, signal: AbortSignal, send: Send<Answer>): Promise<Answer | undefined> {
    const { userId, sessionId } = call
    const day = budgetDate(clock.now(), timeZone)
    if (await isDaySpent(db, { userId, day })) return undefined
    signal.throwIfAborted()
    const uses: ModelUse[] = []
    try {
      return await send(signal, (use) => void uses.push(use))
    } finally {
      for (const { model, usage } of uses) {
        deps.onUsed?.({ model, usage })
        await enter(db, { sessionId, day, model, usage, tariff: tariffOf(prices, model) }).catch((error: unknown) =>
          log.error({ err: error, session_id: sessionId, model, usage }, 'what was used could not be entered'),
        )
      }
    }
  }

  return {
    /**
     * make does a piece of work in which the model is asked. It gets `ask`, which sends a request and enters what that
     * used into the day of its owner, or answers undefined and sends nothing where the budget of that day is spent. The
     * work answers whether it came to something; false as well where it was given up. It must look for the conversation
     * before it asks: an end that came before the beginning is not heard of.
     */
    async make(call: SideCall, work: (ask: Ask) => Promise<boolean>): Promise<boolean> {
      if (isClosed) return false
      const control = new AbortController()
      const { signal } = control
      const over = work((send) => ask(call, signal, send))
        .catch((error: unknown) => {
          if (signal.aborted) return false
          throw error
        })
        .finally(() => underWay.delete(control))
      underWay.set(control, { userId: call.userId, sessionId: call.sessionId, over })
      return over
    },

    /** end gives up what is under way for a user, or about a conversation. */
    end(which: { userId: string } | { sessionId: string }): void {
      for (const [control, call] of underWay)
        if ('userId' in which ? call.userId === which.userId : call.sessionId === which.sessionId) control.abort()
    },

    /** close gives up all that is under way, and lets nothing begin. */
    async close(): Promise<void> {
      isClosed = true
      for (const control of underWay.keys()) control.abort()
      await within(CLOSE_MS, Promise.allSettled([...underWay.values()].map(({ over }) => over)))
    },
  }
}

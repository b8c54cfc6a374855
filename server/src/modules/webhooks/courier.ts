import type { Clock } from '../../platform/clock.ts'
import { newId } from '../../platform/ids.ts'
import type { Log } from '../../platform/logger.ts'
import { type Attempt, type MakeAttempt, wasAccepted } from './attempt.ts'
import type { DeliveryRepository, Head, LaneClaim, Outcome } from './delivery-repository.ts'
import type { FanOutRepository } from './fan-out-repository.ts'
import { nextAttemptAt } from './retry-schedule.ts'

// Connections to one target at once, from this process. There is no limit over all targets, so that those that hang
// never take a place from others; how many targets there may be is limited.
const PER_TARGET = 16
const LOOK_EVERY_MS = 1_000
/** While transactions are open that rows of the outbox have to wait for, and between two fan-outs of a busy time. */
const LOOK_SOON_MS = 100
const LOOK_WITHOUT_TARGETS_MS = 10_000
const AFTER_FAILURE_MS = 1_000
// At shutdown, what is on its way may arrive; what hangs is ended, and sent again later by whoever is there.
const GRACE_MS = 1_500
const GONE = 410

type CourierOptions = {
  fanOut: FanOutRepository
  deliveries: DeliveryRepository
  attempt: MakeAttempt
  /** Called when a target has said that it is gone for good. */
  onGone: (targetId: string) => Promise<void>
  clock: Clock
  random: () => number
  log: Log
}

/** Courier delivers what the outbox holds, in the background. */
export type Courier = ReturnType<typeof createCourier>

/**
 * createCourier makes the courier of this process. It is one loop: record what has come back, fan the outbox out, claim
 * due lanes, and send the first delivery of each, without waiting for those that are on their way. A claimed lane has one
 * delivery on its way, and whoever holds the claim is alone with it, which keeps the order of a business.
 */
export function createCourier(options: CourierOptions) {
  const { fanOut, deliveries, clock, log } = options
  const underWay = new Set<string>()
  const busy = new Map<string, number>()
  const giveUp = new AbortController()
  let outcomes: Outcome[] = []
  const abandoned: LaneClaim[] = []
  let targets: string[] = []
  let hasNews = false
  let lookAt = 0
  const stopping = new AbortController()
  let running: Promise<void> | undefined
  let wakeUp = (): void => {}
  let isAwake = false
  let settling: (() => void)[] = []

  function wake(): void {
    isAwake = true
    wakeUp()
  }

  /** sleep ends after `ms`, or when something wakes the courier, also when that happened before. */
  async function sleep(ms: number): Promise<void> {
    if (!isAwake)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms).unref()
        wakeUp = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    isAwake = false
  }

  async function recordOutcomes(): Promise<void> {
    if (outcomes.length === 0) return
    // More may come back while these are being recorded.
    const recorded = [...outcomes]
    await deliveries.record(recorded)
    outcomes = outcomes.slice(recorded.length)
  }

  /** look fans out what can be fanned out, and answers how long to wait before looking again. */
  async function look(): Promise<number> {
    const state = await fanOut.state()
    targets = state.targets
    hasNews = targets.length > 0 && (state.isReadable || state.isUnsettled)
    if (targets.length === 0) return LOOK_WITHOUT_TARGETS_MS
    if (state.isReadable) await fanOut.fanOut(clock.now())
    return hasNews ? LOOK_SOON_MS : LOOK_EVERY_MS
  }

  /** claimAndSend answers whether there was anything to send. */
  async function claimAndSend(): Promise<boolean> {
    const room = new Map<string, number>()
    for (const id of targets) {
      const free = PER_TARGET - (busy.get(id) ?? 0)
      if (free > 0) room.set(id, free)
    }
    if (room.size === 0) return false
    const claims = await deliveries.claim({ room, claim: newId(), now: clock.now() })
    if (claims.length === 0) return false
    for (const { claim, head } of await deliveries.heads(claims)) {
      if (head) void send(head)
      // Nothing waits in it any more, or its target has just been made inactive: its lease is as good a time as any.
      else outcomes.push({ ...claim, nextAttemptAt: new Date(clock.now().getTime() + LOOK_EVERY_MS), attempt: null })
    }
    return true
  }

  async function send(head: Head): Promise<void> {
    const { target, delivery } = head
    underWay.add(delivery.id)
    busy.set(target.id, (busy.get(target.id) ?? 0) + 1)
    try {
      const attempt = await options.attempt(target, delivery, giveUp.signal)
      if (attempt.answer.status === GONE) await options.onGone(target.id)
      outcomes.push(outcomeOf(head, attempt))
    } catch (error) {
      // Its lease runs out by itself; at shutdown it need not.
      if (giveUp.signal.aborted) abandoned.push(head)
      else log.warn({ err: error, delivery_id: delivery.id }, 'a webhook could not be sent')
    } finally {
      underWay.delete(delivery.id)
      busy.set(target.id, (busy.get(target.id) ?? 1) - 1)
      wake()
    }
  }

  function outcomeOf(head: Head, { at, headers, answer }: Attempt): Outcome {
    const { targetId, lane, claim, version, delivery } = head
    const now = clock.now()
    const isAccepted = wasAccepted(answer)
    const next =
      isAccepted || answer.status === GONE
        ? null
        : nextAttemptAt({
            attempts: delivery.attempts + 1,
            now,
            retryUntil: delivery.retryUntil,
            random: options.random(),
          })
    return {
      targetId,
      lane,
      claim,
      version,
      nextAttemptAt: next ?? now,
      attempt: {
        deliveryId: delivery.id,
        status: isAccepted ? 'accepted' : next ? 'pending' : 'parked',
        attemptedAt: at,
        requestHeaders: headers,
        answerStatus: answer.status,
        answerBody: answer.body,
        durationMs: answer.durationMs,
        error: answer.error,
      },
    }
  }

  /** round does what can be done now, and answers how long there will be nothing to do unless something happens. */
  async function round(): Promise<number> {
    const asking = [...settling]
    await recordOutcomes()
    const now = performance.now()
    if (now >= lookAt || asking.length > 0) {
      lookAt = Number.POSITIVE_INFINITY
      const pauseMs = await look()
      // Whoever has asked for a look meanwhile may have done so too late for this one.
      lookAt = Math.min(lookAt, performance.now() + pauseMs)
    }
    const hasSent = await claimAndSend()
    if (hasSent || outcomes.length > 0) return 0
    if (underWay.size === 0 && !hasNews) {
      settling = settling.filter((resolve) => !asking.includes(resolve))
      for (const resolve of asking) resolve()
    }
    return Math.max(0, lookAt - performance.now())
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        const pause = await round()
        if (pause > 0) await sleep(pause)
      } catch (error) {
        log.warn({ err: error }, 'webhooks could not be looked after; trying again')
        lookAt = 0
        if (!stopping.signal.aborted) await sleep(AFTER_FAILURE_MS)
      }
    }
  }

  return {
    /** start begins the work of this process. */
    start(): void {
      running ??= run()
    },

    /** wake makes the courier look at once: targets have changed, or a delivery is due. */
    wake(): void {
      lookAt = 0
      wake()
    },

    /** news tells that events have been announced; they are looked for soon, and together with those that follow. */
    news(): void {
      if (targets.length === 0) return
      const soon = performance.now() + LOOK_SOON_MS
      if (lookAt <= soon) return
      lookAt = soon
      wake()
    },

    /** settled resolves when everything announced so far has been fanned out and nothing is due or on its way. */
    settled(): Promise<void> {
      return new Promise((resolve) => {
        settling.push(resolve)
        wake()
      })
    },

    /** close ends the work: what is on its way may still arrive for a moment, the rest is left to others. */
    async close(): Promise<void> {
      stopping.abort()
      wake()
      await running
      const grace = setTimeout(() => giveUp.abort(), GRACE_MS)
      while (underWay.size > 0) await sleep(GRACE_MS)
      clearTimeout(grace)
      for (const resolve of settling) resolve()
      try {
        await recordOutcomes()
        if (abandoned.length > 0) await deliveries.release(abandoned, clock.now())
      } catch (error) {
        // Their leases run out by themselves.
        log.warn({ err: error }, 'what became of the last webhooks could not be recorded')
      }
    },
  }
}

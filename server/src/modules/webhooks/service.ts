import type { z } from 'zod'
import { recordAudit } from '../../platform/audit/index.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Database, Transaction } from '../../platform/db/database.ts'
import { problem } from '../../platform/errors.ts'
import { idOfCursor, type Page, pageOf } from '../../platform/http/paging.ts'
import { newId } from '../../platform/ids.ts'
import { type MakeAttempt, wasAccepted } from './attempt.ts'
import { type Destinations, RefusedDestination } from './destinations.ts'
import {
  type DeliveryView,
  eventTypes,
  toDeliveryView,
  toWebhookView,
  type webhookChanges,
  type webhookInput,
  type WebhookView,
} from './dto.ts'
import { beginTail } from './fan-out-repository.ts'
import {
  countTargets,
  type Delivery,
  findDelivery,
  findTarget,
  insertDelivery,
  insertTarget,
  listDeliveries,
  listTargets,
  lockTarget,
  requeue,
  type Target,
  type TargetChanges,
  updateTarget,
} from './repository.ts'
import { RETRY_FOR_MS } from './retry-schedule.ts'
import { newSigningSecret, type SecretVault } from './signing-secret.ts'

const MOST_TARGETS = 50
const HOUR_MS = 3_600_000
const DEFAULT_OVERLAP_HOURS = 24

type PageRequest = { limit: number; cursor?: string | undefined }
type WithSecret = WebhookView & { secret: string }

type WebhookServiceOptions = {
  db: Database
  clock: Clock
  vault: SecretVault
  destinations: Destinations
  attempt: MakeAttempt
  /** Called after a change that gives the background work something to do. */
  wake: () => void
}

/** WebhookService is what admins do with webhooks. Its routes let nobody else in. */
export type WebhookService = ReturnType<typeof createWebhookService>

/** createWebhookService wires the administration of targets and the view of their deliveries. */
export function createWebhookService(options: WebhookServiceOptions) {
  const { db, clock, vault, destinations, attempt, wake } = options

  async function requireAllowed(url: string): Promise<string> {
    try {
      await destinations.check(url)
      return new URL(url).href
    } catch (error) {
      if (!(error instanceof RefusedDestination)) throw error
      throw problem.invalid([{ path: 'url', message: error.message }], 'url_not_allowed')
    }
  }

  /** change holds a target, changes it, and leaves the trace of it. */
  async function change(
    actorId: string,
    targetId: string,
    work: (tx: Transaction, before: Target, now: Date) => Promise<{ action: string; after: Target | null }>,
  ): Promise<Target | null> {
    return db.transaction(async (tx) => {
      const before = found(await lockTarget(tx, targetId))
      const { action, after } = await work(tx, before, clock.now())
      const [was, is] = [before, after].map((target) => target && traceOf(target))
      const isSame = before.url === after?.url && JSON.stringify(was) === JSON.stringify(is)
      if (action !== 'webhook.update' || !isSame)
        await trace(tx, { actorId, action, subjectId: targetId, before: was ?? null, after: is ?? null })
      return after
    })
  }

  return {
    /** listTargets pages through the targets, newest first. */
    async listTargets({ limit, cursor }: PageRequest): Promise<Page<WebhookView>> {
      const before = idOfCursor(cursor)
      const rows = await listTargets(db, { before, limit: limit + 1 })
      const page = pageOf(rows, limit, (row) => ({ id: row.id }))
      return { items: page.items.map((row) => toWebhookView(row, clock.now())), next: page.next }
    },

    /** createTarget registers a target, which hears of everything from then on; the secret is told only here. */
    async createTarget(actorId: string, input: z.output<typeof webhookInput>): Promise<WithSecret> {
      const url = await requireAllowed(input.url)
      const secret = newSigningSecret()
      const id = newId()
      const created = await db.transaction(async (tx) => {
        await beginTail(tx)
        if ((await countTargets(tx)) >= MOST_TARGETS)
          throw problem.conflict('too_many_webhooks', `There can be at most ${MOST_TARGETS} webhooks.`)
        const target = await insertTarget(tx, {
          id,
          url,
          eventTypes: input.event_types ?? [...eventTypes],
          description: input.description || null,
          active: input.active ?? true,
          secret: vault.seal(id, secret),
          now: clock.now(),
        })
        await trace(tx, { actorId, action: 'webhook.create', subjectId: id, before: null, after: traceOf(target) })
        return target
      })
      wake()
      return { ...toWebhookView(created, clock.now()), secret }
    },

    /** updateTarget changes any subset. A target that becomes active again hears of what happens from then on. */
    async updateTarget(
      actorId: string,
      targetId: string,
      input: z.output<typeof webhookChanges>,
    ): Promise<WebhookView> {
      found(await findTarget(db, targetId))
      const url = input.url === undefined ? undefined : await requireAllowed(input.url)
      const changed = await change(actorId, targetId, async (tx, before, now) => {
        const changes: TargetChanges = {
          url,
          eventTypes: input.event_types,
          description: input.description === undefined ? undefined : input.description || null,
          active: input.active,
          ...(input.active === undefined ? {} : { disabledReason: null }),
        }
        const startsNow = input.active === true && !before.active
        return { action: 'webhook.update', after: await updateTarget(tx, { id: targetId, changes, startsNow, now }) }
      })
      wake()
      return toWebhookView(found(changed), clock.now())
    },

    /** deleteTarget ends everything for a target; its deliveries are removed in the background. */
    async deleteTarget(actorId: string, targetId: string): Promise<void> {
      await change(actorId, targetId, async (tx, _before, now) => {
        const changes = { deletedAt: now, active: false, secret: '', previousSecret: null, previousSecretUntil: null }
        await updateTarget(tx, { id: targetId, changes, now })
        return { action: 'webhook.delete', after: null }
      })
    },

    /** rotateSecret gives a target a new secret, told only here. The old one signs beside it until the overlap is over. */
    async rotateSecret(actorId: string, targetId: string, overlapHours = DEFAULT_OVERLAP_HOURS): Promise<WithSecret> {
      const secret = newSigningSecret()
      const changed = await change(actorId, targetId, async (tx, before, now) => {
        const overlaps = overlapHours > 0
        const changes = {
          secret: vault.seal(targetId, secret),
          previousSecret: overlaps ? before.secret : null,
          previousSecretUntil: overlaps ? new Date(now.getTime() + overlapHours * HOUR_MS) : null,
        }
        return { action: 'webhook.rotate_secret', after: await updateTarget(tx, { id: targetId, changes, now }) }
      })
      return { ...toWebhookView(found(changed), clock.now()), secret }
    },

    /** sendPing sends a `ping` once, at once, and answers what came of it. An inactive target can be tested too. */
    async sendPing(actorId: string, targetId: string): Promise<DeliveryView> {
      const target = found(await findTarget(db, targetId))
      const now = clock.now()
      const message = { id: newId(), kind: 'ping' as const, occurredAt: now, payload: { webhook_id: target.id } }
      const { at, headers, answer } = await attempt(target, message, new AbortController().signal)
      const delivery = await db.transaction(async (tx) => {
        found(await lockTarget(tx, targetId))
        await insertDelivery(tx, {
          id: message.id,
          targetId,
          lane: message.id,
          kind: message.kind,
          payload: message.payload,
          occurredAt: now,
          status: wasAccepted(answer) ? 'accepted' : 'parked',
          attempts: 1,
          retryUntil: now,
          attemptedAt: at,
          requestHeaders: headers,
          answerStatus: answer.status,
          answerBody: answer.body,
          durationMs: answer.durationMs,
          error: answer.error,
          createdAt: now,
          finishedAt: clock.now(),
        })
        await trace(tx, { actorId, action: 'webhook.test', subjectId: targetId, before: null, after: null })
        return found(await findDelivery(tx, message.id))
      })
      return toDeliveryView(delivery)
    },

    /** listDeliveries pages through what was sent to a target and what waits, newest first. */
    async listDeliveries(
      targetId: string,
      { status, limit, cursor }: PageRequest & { status?: Delivery['status'] | undefined },
    ): Promise<Page<DeliveryView>> {
      found(await findTarget(db, targetId))
      const before = idOfCursor(cursor)
      const rows = await listDeliveries(db, { targetId, status, before, limit: limit + 1 })
      const page = pageOf(rows, limit, (row) => ({ id: row.id }))
      return { items: page.items.map(toDeliveryView), next: page.next }
    },

    /**
     * redeliver sends a finished delivery again, with the retries of a new one, beside whatever else waits; one that is
     * waiting already is tried at once. 409 for a ping, which is sent by testing, and while the target is inactive.
     */
    async redeliver(actorId: string, deliveryId: string): Promise<DeliveryView> {
      const delivery = await db.transaction(async (tx) => {
        const before = found(await findDelivery(tx, deliveryId))
        const target = found(await lockTarget(tx, before.targetId))
        if (before.kind === 'ping') throw problem.conflict('ping', 'A ping is not sent again; test the webhook anew.')
        if (!target.active)
          throw problem.conflict('webhook_inactive', 'This webhook is inactive. Make it active first.')
        const now = clock.now()
        await requeue(tx, { delivery: before, retryUntil: new Date(now.getTime() + RETRY_FOR_MS), now })
        await trace(tx, {
          actorId,
          action: 'webhook.redeliver',
          subjectId: target.id,
          before: null,
          after: { delivery_id: deliveryId },
        })
        return found(await findDelivery(tx, deliveryId))
      })
      wake()
      return toDeliveryView(delivery)
    },

    /** markGone makes a target inactive that has answered 410 Gone. */
    async markGone(targetId: string): Promise<void> {
      await db.transaction(async (tx) => {
        const before = await lockTarget(tx, targetId)
        if (!before?.active) return
        const changes = { active: false, disabledReason: 'gone' as const }
        const after = await updateTarget(tx, { id: targetId, changes, now: clock.now() })
        await trace(tx, {
          actorId: null,
          action: 'webhook.disable',
          subjectId: targetId,
          before: traceOf(before),
          after: traceOf(after),
        })
      })
    },
  }
}

type Trace = {
  actorId: string | null
  action: string
  subjectId: string
  before: Record<string, unknown> | null
  after: Record<string, unknown> | null
}

async function trace(tx: Transaction, { actorId, ...entry }: Trace): Promise<void> {
  const actorKind = actorId === null ? 'server' : 'user'
  await recordAudit(tx, { actorKind, actorId, subjectType: 'webhook', ...entry })
}

/** traceOf is what the audit keeps of a target: no secrets, and nothing of a query, which is where keys stand. */
function traceOf(target: Target): Record<string, unknown> {
  const { origin, pathname } = new URL(target.url)
  return {
    url: origin + pathname,
    event_types: target.eventTypes,
    description: target.description,
    active: target.active,
    disabled_reason: target.disabledReason,
  }
}

function found<T>(row: T | null | undefined): T {
  if (row === null || row === undefined) throw problem.notFound()
  return row
}

import type { Clock } from '../../platform/clock.ts'
import type { Settings } from '../../platform/config.ts'
import type { Store } from '../../platform/db/database.ts'
import type { Log } from '../../platform/logger.ts'
import type { Metrics } from '../../platform/metrics/metrics.ts'
import { webhookAdminRoutes } from './admin-routes.ts'
import { countAttempts, createAttempts } from './attempt.ts'
import { createCourier } from './courier.ts'
import { createDeliveryRepository } from './delivery-repository.ts'
import { createDestinations } from './destinations.ts'
import { createFanOutRepository } from './fan-out-repository.ts'
import { createHostResolver, type ResolveHost } from './host-resolver.ts'
import { createHousekeeping } from './housekeeping.ts'
import { createSender } from './sender.ts'
import { createWebhookService } from './service.ts'
import { createSecretVault } from './signing-secret.ts'

export * from './schema.ts'
export type { ResolveHost } from './host-resolver.ts'

/** WebhookTuning is what tests change: names, time limit and chance. */
export type WebhookTuning = { resolveHost?: ResolveHost; timeLimitMs?: number; random?: () => number }

type WebhooksOptions = {
  store: Store
  settings: Pick<Settings, 'webhookAllowPrivate'>
  secretKey: string
  clock: Clock
  log: Log
  metrics: Metrics
  tuning?: WebhookTuning | undefined
}

// For a whole attempt, from resolving the name to the answer.
const TIME_LIMIT_MS = 10_000

/** createWebhooks wires targets, their deliveries and the background work that sends them. */
export function createWebhooks({ store, settings, secretKey, clock, log, metrics, tuning = {} }: WebhooksOptions) {
  const { resolveHost = createHostResolver(), timeLimitMs = TIME_LIMIT_MS, random = Math.random } = tuning
  const destinations = createDestinations({ allowPrivate: settings.webhookAllowPrivate, resolveHost })
  const sender = createSender({ destinations, timeLimitMs })
  const vault = createSecretVault(secretKey)
  const attempt = countAttempts(metrics, createAttempts({ clock, sender, vault }))
  const service = createWebhookService({
    db: store.db,
    clock,
    vault,
    destinations,
    attempt,
    wake: () => courier.wake(),
  })
  const fanOut = createFanOutRepository(store)
  const courier = createCourier({
    fanOut,
    deliveries: createDeliveryRepository(store.pool),
    attempt,
    onGone: service.markGone,
    clock,
    random,
    log,
  })
  const housekeeping = createHousekeeping({ pool: store.pool, clock, log })

  return {
    courier,
    housekeeping,
    /** routes serves everything of this module. */
    routes: webhookAdminRoutes({ service }),
    /** start begins to deliver and to tidy up. */
    start(): void {
      courier.start()
      housekeeping.start()
    },
    /** close ends the background work; what is on its way may arrive for a moment. */
    async close(): Promise<void> {
      await courier.close()
      await housekeeping.close()
      await sender.close()
    },
  }
}

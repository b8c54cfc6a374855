import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { systemClock } from '../../platform/clock.ts'
import { createLog } from '../../platform/logger.ts'
import { type Courier, createCourier } from './courier.ts'
import type { OutboxState } from './fan-out-repository.ts'

const nothing: OutboxState = { targets: [], isReadable: false, isUnsettled: false }

describe('the courier', () => {
  let courier: Courier
  afterEach(() => courier.close())

  /** lookingAt starts a courier over an outbox that stands as `state` says, and counts its looks. */
  function lookingAt(state: () => Promise<OutboxState>) {
    const looks = { count: 0 }
    courier = createCourier({
      fanOut: {
        state() {
          looks.count++
          return state()
        },
        fanOut: async () => {},
      },
      deliveries: { claim: async () => [], heads: async () => [], record: async () => {}, release: async () => {} },
      attempt: () => assert.fail('there is nothing to send'),
      onGone: async () => {},
      clock: systemClock,
      random: () => 0,
      log: createLog({ level: 'silent' }),
    })
    courier.start()
    return looks
  }

  test('looks again at once when it is woken while it looks, since the look may have missed what it is woken for', async () => {
    const seen = Promise.withResolvers<OutboxState>()
    const looks = lookingAt(() => (looks.count === 1 ? seen.promise : Promise.resolve(nothing)))
    await turn()
    courier.wake()
    seen.resolve(nothing)
    await turn()
    assert.equal(looks.count, 2)
  })

  test('looks again after a look that failed', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] })
    const looks = lookingAt(() => (looks.count === 1 ? Promise.reject(new Error('away')) : Promise.resolve(nothing)))
    await turn()
    context.mock.timers.tick(1_000)
    await turn()
    assert.equal(looks.count, 2)
  })
})

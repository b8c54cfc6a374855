import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { createLog } from '../../platform/logger.ts'
import { createRunLeases } from './run-leases.ts'
import { createRunRegistry } from './run-registry.ts'

test('a look that is asked for while another is under way reads anew, once for all who ask', async () => {
  const reading = new EventTarget()
  const firstRead = Promise.withResolvers<number[]>()
  let reads = 0
  const leases = createRunLeases({
    repository: {
      renewLeases: async () => new Set(),
      interruptExpired: async () => [],
      interruptRunsOf: async () => [],
      async instancesGone() {
        reading.dispatchEvent(new Event('read'))
        return ++reads === 1 ? firstRead.promise : []
      },
    },
    registry: createRunRegistry(),
    instance: { id: 1, hears: true },
    log: createLog({ level: 'silent' }),
  })
  const isReading = once(reading, 'read')
  const first = leases.tick()
  await isReading
  const later = [leases.tick(), leases.tick()]
  firstRead.resolve([])
  await Promise.all([first, ...later])
  assert.equal(reads, 2)
})

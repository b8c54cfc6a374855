import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLog } from './logger.ts'
import { createRecurringJob } from './recurring-job.ts'

const log = createLog({ level: 'silent' })

test('a job is done again after a failure, and not any more once it is closed', async () => {
  const thirdRun = Promise.withResolvers<void>()
  let runs = 0
  const job = createRecurringJob({
    run: async () => {
      runs++
      if (runs === 1) throw new Error('the database is away')
      if (runs === 3) thirdRun.resolve()
    },
    firstAfterMs: 1,
    everyMs: 1,
    failed: 'could not be done',
    log,
  })
  // The job's own timers do not keep a process alive.
  const alive = setInterval(() => {}, 1_000)
  job.start()
  await thirdRun.promise
  await job.close()
  clearInterval(alive)
  assert.equal(runs, 3)
})

test('closing tells the run under way, and waits for it', async () => {
  const begun = Promise.withResolvers<AbortSignal>()
  const goOn = Promise.withResolvers<void>()
  let ended = false
  const job = createRecurringJob({
    run: async (signal) => {
      begun.resolve(signal)
      await goOn.promise
      ended = true
    },
    firstAfterMs: 0,
    everyMs: 1,
    failed: 'could not be done',
    log,
  })
  const alive = setInterval(() => {}, 1_000)
  job.start()
  const signal = await begun.promise
  assert.equal(signal.aborted, false)
  const closed = job.close()
  assert.equal(signal.aborted, true)
  assert.equal(ended, false)
  goOn.resolve()
  await closed
  clearInterval(alive)
  assert.equal(ended, true)
})

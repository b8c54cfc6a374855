import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Problem } from '../../platform/errors.ts'
import { createLoginLimits } from './login-limits.ts'

const isTooMany = (error: unknown) => error instanceof Problem && error.status === 429 && 'retry-after' in error.headers
const wrong = async () => undefined
const right = async () => 'right'

test('after too many failures of an e-mail even the right password waits, in whatever case it is written', async () => {
  const limits = createLoginLimits({ failuresPerMinute: 3, registrationsPerMinute: 0 })
  for (let failure = 0; failure < 3; failure++)
    assert.equal(await limits.guess({ email: 'Sari@example.org', address: `10.0.0.${failure}` }, wrong), undefined)
  await assert.rejects(limits.guess({ email: 'sari@EXAMPLE.org', address: '10.0.0.9' }, right), isTooMany)
  assert.equal(await limits.guess({ email: 'budi@example.org', address: '10.0.0.9' }, right), 'right')
})

test('guesses made all at once are not checked beyond the limit', async () => {
  const limits = createLoginLimits({ failuresPerMinute: 3, registrationsPerMinute: 0 })
  let checked = 0
  const guesses = Array.from({ length: 30 }, () =>
    limits.guess({ email: 'sari@example.org', address: '10.0.0.1' }, async () => void checked++),
  )
  const outcomes = await Promise.allSettled(guesses)
  assert.equal(checked, 3)
  assert.equal(outcomes.filter((outcome) => outcome.status === 'rejected' && isTooMany(outcome.reason)).length, 27)
})

test('right passwords never count, however many come at once', async () => {
  const limits = createLoginLimits({ failuresPerMinute: 3, registrationsPerMinute: 0 })
  const attempts = Array.from({ length: 30 }, () =>
    limits.guess({ email: 'sari@example.org', address: '10.0.0.1' }, right),
  )
  assert.deepEqual(new Set(await Promise.all(attempts)), new Set(['right']))
})

test('an address may fail ten times as often, over any e-mails', async () => {
  const limits = createLoginLimits({ failuresPerMinute: 1, registrationsPerMinute: 0 })
  for (let failure = 0; failure < 10; failure++)
    await limits.guess({ email: `nobody${failure}@example.org`, address: '10.0.0.1' }, wrong)
  await assert.rejects(limits.guess({ email: 'sari@example.org', address: '10.0.0.1' }, right), isTooMany)
  assert.equal(await limits.guess({ email: 'sari@example.org', address: '10.0.0.2' }, right), 'right')
})

test('0 is no limit', async () => {
  const limits = createLoginLimits({ failuresPerMinute: 0, registrationsPerMinute: 0 })
  for (let count = 0; count < 50; count++) {
    await limits.guess({ email: 'sari@example.org', address: '10.0.0.1' }, wrong)
    await limits.registration('10.0.0.1')
  }
})

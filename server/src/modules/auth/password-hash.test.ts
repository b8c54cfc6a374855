import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseOptions } from '@node-rs/argon2'
import { createPasswordHasher } from './password-hash.ts'

const passwords = createPasswordHasher()

test('a password is known again, another one is not, and two hashes of one differ', async () => {
  const [hash, again] = await Promise.all([passwords.hash('correct horse'), passwords.hash('correct horse')])
  assert.notEqual(hash, again)
  assert.match(hash, /^\$argon2id\$/)
  assert.equal(await passwords.verify('correct horse', hash), true)
  assert.equal(await passwords.verify('correct horse ', hash), false)
})

test('the same characters composed in two ways are one password', async () => {
  const hash = await passwords.hash('caf\u00e9 is open')
  assert.equal(await passwords.verify('cafe\u0301 is open', hash), true)
})

test('a password may hold a NUL, and what comes after it counts', async () => {
  const hash = await passwords.hash('before\0after')
  assert.equal(await passwords.verify('before\0after', hash), true)
  assert.equal(await passwords.verify('before\0other', hash), false)
})

test('without a stored hash nothing is right, not even the password of nobody', async () => {
  assert.equal(await passwords.verify('nobody has this password', undefined), false)
})

test('hashes cost at least what OWASP asks of argon2id', async () => {
  const { memoryCost, timeCost } = parseOptions(await passwords.hash('correct horse'))
  assert.ok(memoryCost >= 19_456)
  assert.ok(timeCost >= 2)
})

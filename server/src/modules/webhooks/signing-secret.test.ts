import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '../../platform/ids.ts'
import { createSecretVault, newSigningSecret } from './signing-secret.ts'

const KEY = 'a secret key of the tests, long enough'

test('a secret comes out of the vault as it went in, and looks different each time inside', () => {
  const vault = createSecretVault(KEY)
  const [id, secret] = [newId(), newSigningSecret()]
  const sealed = vault.seal(id, secret)
  assert.equal(vault.open(id, sealed), secret)
  assert.notEqual(vault.seal(id, secret), sealed)
  assert.ok(!Buffer.from(sealed, 'base64').includes(secret))
})

test('a sealed secret opens for no other target, under no other key, and not when it was changed', () => {
  const vault = createSecretVault(KEY)
  const id = newId()
  const sealed = vault.seal(id, newSigningSecret())
  const changed = Buffer.from(sealed, 'base64')
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1
  assert.throws(() => vault.open(newId(), sealed))
  assert.throws(() => createSecretVault(`${KEY}er`).open(id, sealed))
  assert.throws(() => vault.open(id, changed.toString('base64')))
  assert.throws(() => vault.open(id, ''))
})

test('secrets are 256 random bits in the form of the specification', () => {
  const secret = newSigningSecret()
  assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/)
  assert.notEqual(secret, newSigningSecret())
})

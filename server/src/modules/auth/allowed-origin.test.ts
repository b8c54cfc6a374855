import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAllowedOrigin } from './allowed-origin.ts'

const installation = {
  host: '10.0.0.5:8000',
  publicUrl: 'https://tangga.example.org/programme',
  corsOrigins: ['https://app.example.org'],
}

const cases: [origin: string | undefined, allowed: boolean, why: string][] = [
  [undefined, true, 'a program that is no browser'],
  ['https://tangga.example.org', true, 'the public address'],
  ['http://10.0.0.5:8000', true, 'the host itself'],
  ['https://10.0.0.5:8000', true, 'the host itself behind TLS that ends elsewhere'],
  ['https://app.example.org', true, 'an origin allowed by name'],
  ['https://evil.example', false, 'another site'],
  ['https://app.example.org.evil.example', false, 'a site that begins like an allowed one'],
  ['http://tangga.example.org', false, 'the public host without TLS'],
  ['http://10.0.0.5:8001', false, 'another port'],
  ['null', false, 'a sandboxed page'],
  ['', false, 'nothing'],
]

for (const [origin, allowed, why] of cases) {
  test(`${allowed ? 'allows' : 'refuses'} ${why}`, () => {
    assert.equal(isAllowedOrigin({ ...installation, origin }), allowed)
  })
}

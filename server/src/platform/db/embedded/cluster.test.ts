import assert from 'node:assert/strict'
import { it } from 'node:test'
import { reasonIn } from './cluster.ts'

it('the reason why a server gave up is told from connections that came too early', () => {
  const early = '2026-11-22 08:45:01.129 UTC [13410] FATAL:  the database system is starting up\n'
  const cut = '2026-11-22 08:45:00.076 UTC [13343] FATAL:  terminating connection due to unexpected postmaster exit\n'
  const held =
    '2026-11-22 08:45:01.200 UTC [13411] FATAL:  pre-existing shared memory block (key 1, ID 2) is still in use\n'
  assert.equal(reasonIn(early + cut), undefined)
  assert.equal(reasonIn(early + held + cut), 'pre-existing shared memory block (key 1, ID 2) is still in use')
  assert.equal(
    reasonIn('postgres: could not access the server configuration file\n'),
    'could not access the server configuration file',
  )
})

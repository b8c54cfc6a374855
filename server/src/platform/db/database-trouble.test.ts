import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { databaseTrouble } from './database-trouble.ts'

function statementError(code: string): pg.DatabaseError {
  const error = new pg.DatabaseError('a statement failed', 0, 'error')
  error.code = code
  return error
}

const wrapped = (cause: unknown) => new Error('Failed query: …', { cause: new Error('inside', { cause }) })
const systemError = (code: string) => Object.assign(new Error(`connect ${code}`), { code, syscall: 'connect' })

test('a database that is away or stops is 503, however deep the reason lies', () => {
  const reasons = [
    ...['08006', '08P01', '57P01', '57P03', '53300', '25006'].map(statementError),
    ...['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'ENOTFOUND'].map(systemError),
    new Error('Connection terminated unexpectedly'),
    new Error('timeout exceeded when trying to connect'),
  ]
  for (const reason of reasons) {
    for (const error of [reason, wrapped(reason)]) {
      const trouble = databaseTrouble(error)
      assert.deepEqual([trouble?.status, trouble?.code], [503, 'database_unavailable'], reason.message)
      assert.ok(Number(trouble?.headers['retry-after']) >= 1)
      assert.equal(trouble?.cause, error, 'the reason stays with it, for the log')
    }
  }
})

test('a database that is too busy is 503, and worth another try', () => {
  for (const code of ['55P03', '57014', '40P01', '40001'])
    assert.deepEqual([databaseTrouble(wrapped(statementError(code)))?.code], ['busy'], code)
})

test('a text that slipped past is the fault of who sent it', () => {
  for (const code of ['22021', '22P05']) assert.equal(databaseTrouble(statementError(code))?.status, 422)
})

test('anything else is no trouble of the database', () => {
  const file = Object.assign(new Error('no such file'), { code: 'ENOENT' })
  for (const error of [statementError('23505'), statementError('42P01'), file, new Error('x'), 'x', undefined, null])
    assert.equal(databaseTrouble(error), undefined)
})

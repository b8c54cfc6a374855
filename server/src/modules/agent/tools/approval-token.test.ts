import assert from 'node:assert/strict'
import { test } from 'node:test'
import { approvalToken, argumentsHash, isApprovalToken, type SignedApproval } from './approval-token.ts'

const key = Buffer.alloc(32, 1)
const approval: SignedApproval = {
  id: 'approval',
  runId: 'run',
  callId: 'call',
  tool: 'record_event',
  argumentsHash: argumentsHash({ type: 'sales_recorded' }),
  userId: 'user',
  expiresAt: new Date('2026-11-22T20:10:00Z'),
}

test('a token holds for one approval: its run, call, tool, arguments, owner, time and key', () => {
  const token = approvalToken(key, approval)
  assert.ok(isApprovalToken(key, approval, token))
  const others: Partial<SignedApproval>[] = [
    { id: 'another' },
    { runId: 'another' },
    { callId: 'another' },
    { tool: 'another' },
    { argumentsHash: argumentsHash({ type: 'stock_counted' }) },
    { userId: 'another' },
    { expiresAt: new Date('2026-11-22T20:10:01Z') },
    // What stands on both sides of a border cannot be moved over it.
    { runId: 'runc', callId: 'all' },
  ]
  for (const change of others)
    assert.ok(!isApprovalToken(key, { ...approval, ...change }, token), JSON.stringify(change))
  assert.ok(!isApprovalToken(Buffer.alloc(32, 2), approval, token))
  for (const forged of ['', 'x', token.slice(0, -1), `${token}AAAA`]) assert.ok(!isApprovalToken(key, approval, forged))
})

test('arguments have one hash in any order of names, and another when anything in them differs', () => {
  const hash = argumentsHash({ a: 1, b: { c: ['x', null], d: true } })
  assert.equal(argumentsHash({ b: { d: true, c: ['x', null] }, a: 1 }), hash)
  const others = [
    { a: '1', b: {} },
    { a: 1 },
    { a: 1, b: { c: [null, 'x'], d: true } },
    { a: 1, b: { c: 'x', d: true } },
    [],
  ]
  for (const other of others) assert.notEqual(argumentsHash(other), hash)
})

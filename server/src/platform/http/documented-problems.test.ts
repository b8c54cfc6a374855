import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DocumentedRoute, documentedProblems, operationIdOf } from './documented-problems.ts'

const statuses = (route: Partial<DocumentedRoute>) =>
  Object.keys(
    documentedProblems({
      method: 'GET',
      url: '/api/v1/x',
      access: 'user',
      keyScope: undefined,
      problems: [],
      schema: {},
      ...route,
    }),
  ).map(Number)

test('a route says of its errors what its declaration tells, and what it adds itself', () => {
  assert.deepEqual(statuses({}), [401, 404, 429, 503])
  assert.deepEqual(statuses({ schema: { params: {} } }), [401, 404, 422, 429, 503])
  assert.deepEqual(statuses({ access: 'admin' }), [401, 403, 429, 503])
  assert.deepEqual(statuses({ access: 'key', keyScope: 'x:write' }), [401, 403, 429, 503])
  assert.deepEqual(statuses({ method: 'POST', schema: { body: {} } }), [400, 401, 404, 409, 413, 415, 422, 429, 503])
  const login = { method: 'POST', url: '/api/v1/auth/login', access: 'public', problems: [403] } as const
  assert.deepEqual(statuses({ ...login, problems: [403] }), [400, 401, 403, 413, 415, 429, 503])
  assert.deepEqual(statuses({ access: 'public', url: '/health' }), [503])
})

test('operations are named after their method and address', () => {
  assert.equal(operationIdOf('GET', '/api/v1/auth/me'), 'getAuthMe')
  assert.equal(operationIdOf('POST', '/api/v1/admin/users/:id/reset-link'), 'postAdminUsersByIdResetLink')
  assert.equal(operationIdOf('GET', '/api/v1/chat/runs/:run_id/events'), 'getChatRunsByRunIdEvents')
  assert.equal(operationIdOf('GET', '/health'), 'getHealth')
})

import { randomUUID } from 'node:crypto'
import type { Answer, TestServer } from './harness.ts'

/** Integrator is a program with an API key. */
export type Integrator = Awaited<ReturnType<typeof newIntegrator>>

/** newIntegrator makes an API key, with all that a program may do unless told otherwise, and ways to call with it. */
export async function newIntegrator(
  server: Pick<TestServer, 'api' | 'adminToken'>,
  scopes = ['events:write', 'links:write', 'feed:read'],
) {
  const token = await server.adminToken()
  const made = await server.api('POST', '/admin/api-keys', { token, body: { name: 'Till', scopes } })
  if (made.status !== 201) throw new Error(`the key was refused: ${made.text}`)
  const { id, key }: { id: string; key: string } = made.json
  const headers = { 'x-api-key': key }
  const call = (method: string, path: string, body?: unknown): Promise<Answer> =>
    server.api(method, path, { body, headers })
  return {
    id,
    key,
    headers,
    call,
    /** post records an event, with an idempotency key of its own unless one is given. */
    post: (event: Record<string, unknown>) =>
      call('POST', '/gamification/events', { idempotency_key: randomUUID(), ...event }),
    /** batch records events as they are. */
    batch: (events: unknown) => call('POST', '/gamification/events/batch', { events }),
    /** link lets an id of the program's own stand for a business. */
    link: (externalId: string, businessId: string) =>
      call('PUT', `/business-links/${encodeURIComponent(externalId)}`, { business_id: businessId }),
  }
}

import { randomUUID } from 'node:crypto'
import assert from 'node:assert/strict'
import { Webhook } from 'standardwebhooks'
import { type Answer, startTestServer, type TestServer } from '../../../../test/harness.ts'
import type { Received, Receiver } from './receiver.ts'

/** WebhookEvent is what a receiver reads in a body. */
export type WebhookEvent = {
  type: string
  timestamp: string
  data: { business_id: string; points?: number; total_points?: number }
}

/** movableClock is a clock of the tests: it stands but for a millisecond a look, and `ahead` moves it. */
export function movableClock() {
  let ms = Date.now()
  return {
    now: () => new Date(ms++),
    ahead(byMs: number): void {
      ms += byMs
    },
  }
}

/** startWebhookServer boots a server that may deliver to loopback, unless told not to. */
export async function startWebhookServer(options: Parameters<typeof startTestServer>[0] = {}) {
  const server = await startTestServer({ ...options, env: { WEBHOOK_ALLOW_PRIVATE: '1', ...options.env } })
  return withWebhooks(server)
}

async function withWebhooks(server: TestServer) {
  let session = await server.adminToken()

  /** admins calls as an admin, whose session may have run out since a test has moved the clock. */
  async function admins(method: string, path: string, body?: unknown): Promise<Answer> {
    const answer = await server.api(method, path, { token: session, body })
    if (answer.status !== 401) return answer
    session = await server.adminToken()
    return server.api(method, path, { token: session, body })
  }

  return {
    ...server,
    admins,
    /** hook registers a target. */
    async hook(url: string, fields: Record<string, unknown> = {}): Promise<{ id: string; secret: string }> {
      const answer = await admins('POST', '/admin/webhooks', { url, ...fields })
      assert.equal(answer.status, 201, answer.text)
      return answer.json
    },
    /** businesses makes some businesses, of one owner. */
    async businesses(count: number): Promise<string[]> {
      const { token, business } = await server.owner()
      const { business_name, business_category, business_stage } = business
      const body = { business_name, business_category, business_stage }
      const ids = [business.id]
      while (ids.length < count) ids.push((await server.api('POST', '/business/profile', { token, body })).json.id)
      return ids
    },
    /** award gives points by hand, and is committed when it resolves. */
    async award(businessId: string, points = 1): Promise<void> {
      const key = randomUUID()
      const body = { business_id: businessId, points, reason: 'a test', idempotency_key: key }
      const answer = await admins('POST', '/admin/gamification/adjustments', body)
      assert.equal(answer.status, 201, answer.text)
    },
    /** deliveries are those of a target, newest first. */
    async deliveries(id: string, query = '') {
      const answer = await admins('GET', `/admin/webhooks/${id}/deliveries${query}`)
      assert.equal(answer.status, 200, answer.text)
      return answer.json
    },
    /** settled resolves when all that was awarded so far has been tried, where it is due. */
    settled: () => server.app.webhooks.courier.settled(),
  }
}

/** signersOf are those of the given secrets that have signed a request. */
export function signersOf(request: Received, secrets: Record<string, string>): string[] {
  const signatures = String(request.headers['webhook-signature']).split(' ')
  const at = new Date(Number(request.headers['webhook-timestamp']) * 1000)
  const expected = (secret: string) => new Webhook(secret).sign(String(request.headers['webhook-id']), at, request.body)
  return Object.keys(secrets).filter((name) => signatures.includes(expected(secrets[name] ?? '')))
}

/**
 * verified checks the signature as receivers do and reads the event; throws where it does not hold. Receivers go by their
 * own clock, so this is not for tests that have moved the server's.
 */
export function verified(request: Received, secret: string): WebhookEvent {
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
  return new Webhook(secret).verify(request.body, headers) as WebhookEvent
}

/** eventOf reads the event without checking the signature. */
export const eventOf = (request: Received): WebhookEvent => JSON.parse(request.body)

/** totalsOf are the totals that a receiver was told of, by business, in the order in which they came. */
export function totalsOf(receiver: Receiver): Record<string, number[]> {
  const totals: Record<string, number[]> = {}
  for (const request of receiver.requests) {
    const { type, data } = eventOf(request)
    if (type === 'points') (totals[data.business_id] ??= []).push(data.total_points ?? -1)
  }
  return totals
}

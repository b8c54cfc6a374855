import { Webhook } from 'standardwebhooks'

/** Message is an event as receivers get it; `id` is the same in every attempt. */
export type Message = { id: string; kind: string; occurredAt: Date; payload: unknown }

/** messageBody is the JSON text that is sent and signed: the type of the event, when it happened, and its data. */
export function messageBody({ kind, occurredAt, payload }: Message): string {
  return JSON.stringify({ type: kind, timestamp: occurredAt.toISOString(), data: payload })
}

/**
 * signedHeaders are the headers of one attempt by the Standard Webhooks specification: one signature a secret, separated
 * by spaces, so that a receiver may know either while secrets are rotated. The moment of the attempt is signed too.
 */
export function signedHeaders(options: { id: string; now: Date; body: string; secrets: string[] }) {
  const { id, now, body, secrets } = options
  return {
    'content-type': 'application/json',
    'user-agent': 'Tangga-Webhooks/1',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, now, body)).join(' '),
  }
}

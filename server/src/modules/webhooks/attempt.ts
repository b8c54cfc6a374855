import type { Metrics } from '../../platform/metrics/metrics.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Answer, Sender } from './sender.ts'
import { type Message, messageBody, signedHeaders } from './signed-message.ts'
import type { SecretVault } from './signing-secret.ts'

/** SigningTarget is what an attempt has to know of a target; its secrets are sealed. */
export type SigningTarget = {
  id: string
  url: string
  secret: string
  previousSecret: string | null
  previousSecretUntil: Date | null
}

/** Attempt is what was sent, when, and what came back. `headers` is null where nothing could be signed. */
export type Attempt = { at: Date; headers: Record<string, string> | null; answer: Answer }

/** MakeAttempt sends a message to a target once. It throws only when `signal` ends it. */
export type MakeAttempt = (target: SigningTarget, message: Message, signal: AbortSignal) => Promise<Attempt>

const UNREADABLE =
  'The signing secret cannot be read: SECRET_KEY has changed since it was made. Rotate the secret of this target.'

/** createAttempts makes the one way in which messages are signed and sent. */
export function createAttempts(deps: { clock: Clock; sender: Sender; vault: SecretVault }): MakeAttempt {
  const { clock, sender, vault } = deps

  function secretsOf(target: SigningTarget, now: Date): string[] | undefined {
    const sealed = [target.secret]
    if (target.previousSecret && target.previousSecretUntil && now < target.previousSecretUntil)
      sealed.push(target.previousSecret)
    try {
      return sealed.map((secret) => vault.open(target.id, secret))
    } catch {
      return undefined
    }
  }

  return async (target, message, signal) => {
    const at = clock.now()
    const secrets = secretsOf(target, at)
    if (!secrets) return { at, headers: null, answer: { status: null, body: null, durationMs: 0, error: UNREADABLE } }
    const body = messageBody(message)
    const headers = signedHeaders({ id: message.id, now: at, body, secrets })
    return { at, headers, answer: await sender.send({ url: target.url, headers, body, signal }) }
  }
}

/** wasAccepted tells whether the receiver took the message: any 2xx. */
export function wasAccepted({ status }: Answer): boolean {
  return status !== null && status >= 200 && status < 300
}

/** countAttempts counts what comes of attempts. */
export function countAttempts(metrics: Metrics, attempt: MakeAttempt): MakeAttempt {
  const count = metrics.counter({
    name: 'tangga_webhook_attempts_total',
    help: 'Deliveries tried, by result',
    labels: ['result'],
  })
  return async (...about) => {
    const made = await attempt(...about)
    count({ result: wasAccepted(made.answer) ? 'accepted' : 'failed' })
    return made
  }
}

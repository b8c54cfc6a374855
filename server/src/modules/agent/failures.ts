import { AgentFailure } from './engine.ts'

/** Locale is a language that the advisor's own sentences exist in. */
export type Locale = 'en' | 'id'

/** FailureCode is every way in which a run can fail; the codes are part of the wire contract. */
export type FailureCode =
  | 'model_unavailable'
  | 'model_rate_limited'
  | 'model_interrupted'
  | 'model_timeout'
  | 'step_limit'
  | 'run_timeout'
  | 'internal'

const TEXTS: Record<Locale, Record<FailureCode, string>> = {
  en: {
    model_unavailable: 'The advisor cannot be reached right now. Please try again in a little while.',
    model_rate_limited: 'The advisor is busy right now. Please try again in a minute.',
    model_interrupted: 'The answer broke off because the connection to the advisor was lost. Please ask again.',
    model_timeout: 'The advisor stopped responding. Please ask again.',
    step_limit: 'The advisor looked up too many things without reaching an answer. Try asking for one thing at a time.',
    run_timeout: 'The answer took too long and was stopped. Try asking for one thing at a time.',
    internal: 'Something went wrong on our side. Please try again.',
  },
  id: {
    model_unavailable: 'Penasihat sedang tidak dapat dihubungi. Silakan coba lagi sebentar lagi.',
    model_rate_limited: 'Penasihat sedang sibuk. Silakan coba lagi dalam satu menit.',
    model_interrupted: 'Jawaban terputus karena sambungan ke penasihat hilang. Silakan tanyakan lagi.',
    model_timeout: 'Penasihat berhenti merespons. Silakan tanyakan lagi.',
    step_limit: 'Penasihat mencari terlalu banyak hal tanpa sampai pada jawaban. Coba tanyakan satu per satu.',
    run_timeout: 'Jawaban memakan waktu terlalu lama dan dihentikan. Coba tanyakan satu per satu.',
    internal: 'Ada yang salah di pihak kami. Silakan coba lagi.',
  },
}

const BUSY_FOR: Record<Locale, (seconds: number) => string> = {
  en: (seconds) => `The advisor is busy right now. Please try again in ${seconds} seconds.`,
  id: (seconds) => `Penasihat sedang sibuk. Silakan coba lagi dalam ${seconds} detik.`,
}

/**
 * failure makes the AgentFailure of that code with a sentence in the person's language. `cause` must be safe to log;
 * it never reaches the person.
 */
export function failure(
  code: FailureCode,
  locale: Locale,
  options: { cause?: unknown; retryAfterSeconds?: number } = {},
): AgentFailure {
  const { cause, retryAfterSeconds } = options
  const text =
    code === 'model_rate_limited' && retryAfterSeconds !== undefined
      ? BUSY_FOR[locale](retryAfterSeconds)
      : TEXTS[locale][code]
  return new AgentFailure(code, text, { cause })
}

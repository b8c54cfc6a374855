import { isIP, type LookupFunction } from 'node:net'
import { callbackify } from 'node:util'
import { Agent, type Dispatcher } from 'undici'
import { cleanText } from '../../platform/text.ts'
import { type Destinations, RefusedDestination } from './destinations.ts'

const ANSWER_BYTES = 4_096
// The status has been read by then; the rest of an answer is only for people to look at.
const ANSWER_BODY_MS = 2_000
const ERROR_CHARACTERS = 500

/** Answer is what one attempt got: a status with the first bytes of the body, or an error in a sentence. */
export type Answer = { status: number | null; body: string | null; durationMs: number; error: string | null }

/** SendRequest is one attempt; `signal` ends it early, which throws. */
export type SendRequest = { url: string; headers: Record<string, string>; body: string; signal: AbortSignal }

/** Sender posts to receivers. It follows no redirects and takes no proxy from the environment. */
export type Sender = {
  send(request: SendRequest): Promise<Answer>
  close(): Promise<void>
}

/**
 * createSender makes a sender that connects to nothing but addresses that `destinations` has just allowed: host names are
 * resolved and checked at the moment of connecting, and the connection goes to what was checked. `timeLimitMs` bounds a
 * whole attempt, from resolving to the answer.
 */
export function createSender(options: { destinations: Destinations; timeLimitMs: number }): Sender {
  const { destinations, timeLimitMs } = options
  const agent = new Agent({
    allowH2: false,
    pipelining: 1,
    connect: { lookup: checkedLookup(destinations), timeout: timeLimitMs },
    // The timer of the attempt is the one that counts.
    headersTimeout: 0,
    bodyTimeout: 0,
  })

  return {
    async send({ url, headers, body, signal }) {
      signal.throwIfAborted()
      const began = performance.now()
      const ended = new AbortController()
      const end = (): void => ended.abort()
      signal.addEventListener('abort', end)
      let timer = setTimeout(end, timeLimitMs)
      const answered = (answer: Omit<Answer, 'durationMs'>): Answer => ({
        ...answer,
        durationMs: Math.round(performance.now() - began),
      })
      try {
        const { origin, pathname, search } = destinations.checkAddress(url)
        const response = await agent.request({
          origin,
          path: pathname + search,
          method: 'POST',
          headers,
          body,
          signal: ended.signal,
        })
        clearTimeout(timer)
        const left = timeLimitMs - (performance.now() - began)
        timer = setTimeout(end, Math.min(Math.max(left, 0), ANSWER_BODY_MS))
        return answered({ status: response.statusCode, body: await firstBytes(response.body), error: null })
      } catch (error) {
        signal.throwIfAborted()
        return answered({
          status: null,
          body: null,
          error: ended.signal.aborted ? `No answer within ${timeLimitMs / 1000} s.` : inWords(error),
        })
      } finally {
        clearTimeout(timer)
        signal.removeEventListener('abort', end)
      }
    },
    close: () => agent.destroy(),
  }
}

/** checkedLookup stands in for the name resolution of a connection and answers checked addresses only. */
function checkedLookup(destinations: Destinations): LookupFunction {
  const resolve = callbackify(destinations.addressesOf)
  return (hostname, { all }, callback) =>
    resolve(hostname, (error, addresses) => {
      if (error) return callback(error, '')
      const found = addresses.map((address) => ({ address, family: isIP(address) }))
      if (all) callback(null, found)
      else callback(null, found[0]?.address ?? '', found[0]?.family)
    })
}

/** firstBytes reads what is kept of an answer. An answer that goes on, stalls or breaks is cut: its status stands. */
async function firstBytes(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of body) {
      chunks.push(chunk)
      length += chunk.length
      if (length >= ANSWER_BYTES) break
    }
  } catch {
    // Cut short, by the time limit or by the receiver.
  }
  return cleanText(Buffer.concat(chunks).subarray(0, ANSWER_BYTES).toString('utf8'))
}

function inWords(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause)
    if (at instanceof RefusedDestination) return `The address ${at.message}.`
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
  // Where several addresses were tried, the error is about all of them and has no words of its own.
  const message = (error instanceof Error ? error.message : String(error)) || 'The connection failed'
  return cleanText(code && !message.includes(code) ? `${message} (${code})` : message).slice(0, ERROR_CHARACTERS)
}

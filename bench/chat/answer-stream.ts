import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import { createSseParser, type SseEvent } from './sse-parser.ts'
import { type Question, questionText } from './question.ts'

/** Target is who is asked: the service as its owners, the bare server, or the model server itself. */
export type Target = { kind: 'tangga'; url: string; authorizations: string[] } | { kind: 'bare' | 'model'; url: string }

/** Asking is one question; an owner, by number, asks in a new conversation unless one is named. */
export type Asking = { question: Question; owner: number; sessionId?: string | undefined }

/** AnswerListener is told what arrives. `onEnd` comes once; with a reason when the answer did not come whole. */
export type AnswerListener = {
  onHeaders?: (headers: IncomingHttpHeaders) => void
  onText: (text: string, id: string) => void
  /** The last event of a whole answer of the service. */
  onDone?: (done: { session_id: string; full_text: string }) => void
  onEnd: (failure: string | undefined) => void
}

const agent = new Agent({ keepAlive: true })

/** ask asks and reads the answer as it comes. The returned function cuts the connection; then nothing is told any more. */
export function ask(target: Target, asking: Asking, listener: AnswerListener): () => void {
  const content = questionText(asking.question)
  switch (target.kind) {
    case 'tangga': {
      const body = JSON.stringify({ content, ...(asking.sessionId && { session_id: asking.sessionId }) })
      const headers = { authorization: authorizationOf(target.authorizations, asking.owner) }
      return readAnswer('tangga', { url: `${target.url}/api/v1/chat/completion`, body, headers }, listener)
    }
    case 'bare':
      return readAnswer('bare', { url: `${target.url}/chat`, body: JSON.stringify({ content }) }, listener)
    case 'model': {
      const body = JSON.stringify({ model: 'bench', stream: true, messages: [{ role: 'user', content }] })
      return readAnswer('model', { url: `${target.url}/chat/completions`, body }, listener)
    }
  }
}

/** follow reads the answer of a run again, after an event. */
export function follow(
  target: Extract<Target, { kind: 'tangga' }>,
  run: { id: string; owner: number; after: number },
  listener: AnswerListener,
): () => void {
  const headers = {
    authorization: authorizationOf(target.authorizations, run.owner),
    ...(run.after > 0 && { 'last-event-id': String(run.after) }),
  }
  return readAnswer('tangga', { url: `${target.url}/api/v1/chat/runs/${run.id}/events`, headers }, listener)
}

const authorizationOf = (authorizations: string[], owner: number) => authorizations[owner % authorizations.length] ?? ''

type Exchange = { url: string; body?: string; headers?: Record<string, string> }

function readAnswer(kind: Target['kind'], { url, body, headers }: Exchange, listener: AnswerListener): () => void {
  let isOver = false
  let isWhole = false
  let failure = 'the connection ended early'
  function end(): void {
    if (isOver) return
    isOver = true
    listener.onEnd(isWhole ? undefined : failure)
  }
  const parse = createSseParser((event) => {
    if (isOver) return
    const told = readers[kind](event)
    if (told.text) listener.onText(told.text, event.id)
    if (told.done) listener.onDone?.(told.done)
    if (told.failure) failure = told.failure
    if (told.isLast) isWhole = true
  })
  const exchange = request(
    url,
    {
      agent,
      method: body === undefined ? 'GET' : 'POST',
      headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    },
    (response) => {
      listener.onHeaders?.(response.headers)
      response.setEncoding('utf8')
      if (response.statusCode === 200) response.on('data', parse)
      else response.on('data', (text: string) => (failure = `${response.statusCode} ${text}`))
      response.on('close', end)
      response.on('error', () => {})
    },
  )
  exchange.on('error', (error) => {
    failure = String(error)
    end()
  })
  exchange.end(body)
  return () => {
    isOver = true
    exchange.destroy()
  }
}

type Told = {
  text?: string | undefined
  isLast?: boolean
  done?: { session_id: string; full_text: string }
  failure?: string
}

// The three wire formats; whatever else they carry is passed over.
const readers: Record<Target['kind'], (event: SseEvent) => Told> = {
  tangga({ data }) {
    const event = JSON.parse(data)
    if (event.type === 'token') return { text: event.data.text }
    if (event.type === 'error') return { failure: data }
    return event.type === 'done' ? { isLast: event.data.status === 'complete', done: event.data } : {}
  },
  bare({ data }) {
    if (data === '[DONE]') return { isLast: true }
    const event = JSON.parse(data)
    if (event.type === 'error') return { failure: data }
    return event.type === 'text-delta' ? { text: event.delta } : {}
  },
  model({ data }) {
    if (data === '[DONE]') return { isLast: true }
    const event = JSON.parse(data)
    return { text: event.choices[0]?.delta?.content }
  },
}

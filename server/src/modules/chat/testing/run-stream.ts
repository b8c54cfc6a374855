import assert from 'node:assert/strict'
import { streamEvent, type StreamEvent } from '../dto.ts'

/** Sent is one event as it came over the wire. */
export type Sent = { id: number; event: StreamEvent }

/** RunStream is an open answer; iterating it reads events as they come. */
export type RunStream = AsyncIterable<Sent> & {
  response: Response
  runId: string
  /** rest reads to the end. */
  rest(): Promise<Sent[]>
  /** until reads up to and with the first event of that type. */
  until(type: StreamEvent['type']): Promise<Sent[]>
  /** hangUp closes the connection from the reader's side. */
  hangUp(): void
}

/** openRunStream makes a request whose answer is a run's stream, and checks its framing byte by byte. */
export async function openRunStream(url: string, init: RequestInit): Promise<RunStream> {
  const connection = new AbortController()
  const response = await fetch(url, { ...init, signal: connection.signal })
  if (response.status !== 200) assert.fail(`expected a stream, got ${response.status}: ${await response.text()}`)
  assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8')
  assert.ok(response.body)
  const events = readEvents(response.body)

  async function until(isLast: (sent: Sent) => boolean): Promise<Sent[]> {
    const read: Sent[] = []
    for (;;) {
      const { done, value } = await events.next()
      if (done) return read
      read.push(value)
      if (isLast(value)) return read
    }
  }

  return {
    response,
    runId: response.headers.get('x-run-id') ?? '',
    [Symbol.asyncIterator]: () => events,
    rest: () => until(() => false),
    until: (type) => until((sent) => sent.event.type === type),
    hangUp: () => connection.abort(),
  }
}

async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<Sent, undefined> {
  let pending = ''
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const frames = (pending + text).split('\n\n')
    pending = frames.pop() ?? ''
    for (const frame of frames) {
      if (/^:[^\n]*$/.test(frame)) continue
      const [, id, data] = /^id: (\d+)\ndata: ([^\n]*)$/.exec(frame) ?? []
      assert.ok(id && data, `not an event of one id and one data line: ${JSON.stringify(frame)}`)
      const json: unknown = JSON.parse(data)
      // What is sent is exactly what the schema in the OpenAPI document says, no more.
      const event = streamEvent.parse(json)
      assert.deepEqual(event, json)
      yield { id: Number(id), event }
    }
  }
  assert.equal(pending, '')
  return undefined
}

/** textOf joins the tokens of a stream. */
export function textOf(sent: Sent[]): string {
  return sent.map(({ event }) => (event.type === 'token' ? event.data.text : '')).join('')
}

/** assertWhole checks what holds for every stream read from its start to its end, and returns the terminal event. */
export function assertWhole(sent: Sent[]): StreamEvent {
  assert.deepEqual(
    sent.map(({ id }) => id),
    sent.map((_, index) => index + 1),
    'ids are consecutive from 1',
  )
  const types = sent.map(({ event }) => event.type)
  assert.equal(types[types[0] === 'session_created' ? 1 : 0], 'run_started')
  assert.equal(types.filter((type) => type === 'done' || type === 'error').length, 1, 'exactly one terminal event')
  const last = sent.at(-1)?.event
  assert.ok(last && (last.type === 'done' || last.type === 'error'), 'the terminal event comes last')
  if (last.type === 'done') assert.equal(textOf(sent), last.data.full_text)
  return last
}

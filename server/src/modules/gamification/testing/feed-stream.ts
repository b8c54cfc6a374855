import assert from 'node:assert/strict'
import type { z } from 'zod'
import { feedEvent } from '../dto.ts'

/** FeedSent is one event as it came over the wire. */
export type FeedSent = { id: string; event: z.output<typeof feedEvent> }

/** FeedStream is an open live feed. */
export type FeedStream = {
  response: Response
  /** Where the feed begins, to go on from before anything has come. */
  startId: string
  /** take reads that many events. */
  take(count: number): Promise<FeedSent[]>
  /** rest reads to the end. */
  rest(): Promise<FeedSent[]>
  hangUp(): void
}

type Credentials = { token: string } | { key: string }

/** openFeed follows the live feed at a server, after an event when one is named, and checks its framing byte by byte. */
export async function openFeed(
  server: { url: string },
  as: Credentials,
  { after, businessId }: { after?: string; businessId?: string } = {},
): Promise<FeedStream> {
  const connection = new AbortController()
  const url = new URL('/api/v1/gamification/stream', server.url)
  if (businessId !== undefined) url.searchParams.set('business_id', businessId)
  const response = await fetch(url, {
    signal: connection.signal,
    headers: {
      ...('key' in as ? { 'x-api-key': as.key } : { authorization: `Bearer ${as.token}` }),
      ...(after === undefined ? {} : { 'last-event-id': after }),
    },
  })
  if (response.status !== 200) assert.fail(`expected a stream, got ${response.status}: ${await response.text()}`)
  assert.ok(response.body)
  const events = readEvents(response.body)

  async function take(count: number): Promise<FeedSent[]> {
    const read: FeedSent[] = []
    while (read.length < count) {
      const { done, value } = await events.next()
      if (done) break
      read.push(value)
    }
    return read
  }

  return {
    response,
    startId: response.headers.get('x-last-event-id') ?? '',
    take,
    rest: () => take(Infinity),
    hangUp: () => connection.abort(),
  }
}

async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<FeedSent, undefined> {
  let pending = ''
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const frames = (pending + text).split('\n\n')
    pending = frames.pop() ?? ''
    for (const frame of frames) {
      if (/^:[^\n]*$/.test(frame)) continue
      const [, id, data] = /^id: ([A-Za-z0-9_-]+)\ndata: ([^\n]*)$/.exec(frame) ?? []
      assert.ok(id && data, `not an event of one id and one data line: ${JSON.stringify(frame)}`)
      const json: unknown = JSON.parse(data)
      const event = feedEvent.parse(json)
      assert.deepEqual(event, json)
      yield { id, event }
    }
  }
  assert.equal(pending, '')
  return undefined
}

/** shortly tells events as `10`, `Level` or `Achievement`, which is all that most tests look at. */
export function shortly(sent: FeedSent[]): (number | string)[] {
  return sent.map(({ event }) => {
    if (event.type === 'points') return event.data.points
    return event.type === 'level_up' ? event.data.level.name : event.data.achievement.title
  })
}

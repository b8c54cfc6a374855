import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { after, before, beforeEach, describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { hasRedis, type RedisServer, startRedis } from '../../../test/redis-server.ts'
import { createLog } from '../../platform/logger.ts'
import { createRunLog, type LogEntry } from './run-log.ts'
import { createRunRelay, type RunRelay } from './run-relay.ts'
import { type ChatServer, startChatServer } from './testing/chat-server.ts'
import { assertWhole, type Sent, textOf } from './testing/run-stream.ts'
import { lookUp, opened, say } from './testing/scripted-engine.ts'

type Owner = Awaited<ReturnType<ChatServer['owner']>>

const silent = createLog({ level: 'silent' })
const token = (delta: string) => ({ type: 'AgentStream', delta }) as const

if (hasRedis)
  describe('live runs in Redis', () => {
    let redis: RedisServer
    before(async () => {
      redis = await startRedis()
    })
    after(() => redis.close())

    describe('between two instances', () => {
      let here: ChatServer
      let there: ChatServer
      let owner: Owner
      /** speak has the engine say one more piece; `finish` lets it end. */
      let speak: (piece: string) => void
      let finish: () => void

      before(async () => {
        const env = { REDIS_URL: redis.url, SECRET_KEY: 'a secret key of the tests, long enough' }
        here = await startChatServer({ env })
        there = await startChatServer({ env, databaseUrl: here.databaseUrl })
      })
      after(async () => {
        await there.close()
        await here.close()
      })
      beforeEach(async () => {
        owner = await here.owner()
        const said: string[] = []
        let more = Promise.withResolvers<void>()
        let isOver = false
        speak = (piece) => {
          said.push(piece)
          more.resolve()
        }
        finish = () => {
          isOver = true
          more.resolve()
        }
        here.engine.script = async function* (input, signal) {
          yield* lookUp()
          while (!isOver || said.length > 0) {
            const delta = said.shift()
            if (delta !== undefined) yield { type: 'AgentStream', delta }
            else {
              more = Promise.withResolvers()
              await opened(more.promise, signal)
            }
          }
          yield* say(input, 'The end.')
        }
      })

      /** unflushed keeps what a run says from the database until it is released. */
      async function unflushed(runId: string): Promise<() => Promise<void>> {
        const client = await here.pool.connect()
        await client.query('BEGIN')
        await client.query('SELECT FROM chat_runs WHERE id = $1 FOR UPDATE', [runId])
        return async () => {
          await client.query('ROLLBACK')
          client.release()
        }
      }

      async function heard(stream: AsyncIterable<Sent>, text: string): Promise<Sent[]> {
        const sent: Sent[] = []
        const events = stream[Symbol.asyncIterator]()
        while (!textOf(sent).endsWith(text)) {
          const { done, value } = await events.next()
          assert.ok(!done, `the stream ended before ${text}`)
          sent.push(value)
        }
        return sent
      }

      test('what is said is heard at the other before the database knows it', async () => {
        const stream = await here.send(owner, 'Tell me')
        await stream.until('tool_end')
        const release = await unflushed(stream.runId)
        const elsewhere = await there.follow(owner, stream.runId)
        speak('Naïve 🎉 ')
        const early = await heard(elsewhere, '🎉 ')
        await release()
        finish()
        const whole = [...early, ...(await elsewhere.rest())]
        assertWhole(whole)
        assert.deepEqual(await (await here.follow(owner, stream.runId)).rest(), whole)
      })

      test('a run is resumed at the other after every event of it', async () => {
        const stream = await here.send(owner, 'Tell me')
        const head = await stream.until('tool_end')
        for (const piece of ['One', ' two', ' three.']) speak(piece)
        head.push(...(await heard(stream, 'three.')))
        const resumed = await Promise.all(head.map(({ id }) => there.follow(owner, stream.runId, id)))
        finish()
        const whole = [...head, ...(await stream.rest())]
        assertWhole(whole)
        for (const [nth, reader] of resumed.entries()) assert.deepEqual(await reader.rest(), whole.slice(nth + 1))
      })

      test('nothing is lost when Redis dies in mid-run, and when it comes back empty', async () => {
        const stream = await here.send(owner, 'Tell me')
        await stream.until('tool_end')
        const elsewhere = await there.follow(owner, stream.runId)
        speak('With it. ')
        const sent = await heard(elsewhere, 'With it. ')
        await redis.kill()
        speak('Without it. ')
        sent.push(...(await heard(elsewhere, 'Without it. ')))
        speak('Lost with it? ')
        await redis.restart()
        speak('And again. ')
        sent.push(...(await heard(elsewhere, 'And again. ')))
        finish()
        sent.push(...(await elsewhere.rest()))
        assertWhole(sent)
        assert.deepEqual(await (await here.follow(owner, stream.runId)).rest(), sent)
      })

      test('a Redis that hangs holds nobody up', async () => {
        const stream = await here.send(owner, 'Tell me')
        await stream.until('tool_end')
        redis.freeze()
        try {
          const elsewhere = await there.follow(owner, stream.runId)
          speak('Still here. ')
          const sent = await heard(elsewhere, 'Still here. ')
          finish()
          sent.push(...(await elsewhere.rest()))
          assertWhole(sent)
        } finally {
          redis.thaw()
        }
      })

      test('a stop at the other ends the run for all, with everything that was said', async () => {
        const stream = await here.send(owner, 'Tell me')
        await stream.until('tool_end')
        const elsewhere = await there.follow(owner, stream.runId)
        const release = await unflushed(stream.runId)
        speak('Never stored before. ')
        const sent = await heard(elsewhere, 'before. ')
        const stopping = there.api('POST', `/chat/runs/${stream.runId}/stop`, { token: owner.token })
        await release()
        assert.equal((await stopping).json.status, 'stopped')
        const done = assertWhole([...sent, ...(await elsewhere.rest())])
        assert.ok(done.type === 'done')
        assert.equal(done.data.full_text, 'Never stored before. ')
      })
    })

    describe('as they are kept', () => {
      // Connections that wait for Redis as long as it takes: what a slow one is answered with is not the matter here.
      let one: Redis
      let two: Redis
      let relays: RunRelay[]
      const commands = new EventEmitter<{ command: [instance: number, command: unknown] }>()
      before(() => {
        one = new Redis(redis.url)
        two = new Redis(redis.url)
        relays = [one, two].map((connection, nth) =>
          createRunRelay({
            redis: connection,
            log: silent,
            onCommand: (command) => commands.emit('command', nth, command),
          }),
        )
        for (const relay of relays) relay.start()
      })
      after(() => {
        for (const relay of relays) relay.close()
        one.disconnect()
        two.disconnect()
      })

      /** carriedBy hears what is told of a run, and waits until it is carried up to a place. */
      async function carriedBy(runId: string): Promise<(place: number) => Promise<void>> {
        const news = new Redis(redis.url)
        after(() => news.disconnect())
        let last = 0
        const heard = new EventEmitter<{ news: [] }>()
        news.on('message', (_channel, place) => {
          last = Number(place)
          heard.emit('news')
        })
        await news.subscribe(`tangga:run:${runId}`)
        return async (place) => {
          while (last < place) await once(heard, 'news')
        }
      }

      /** collect follows a run until its end and gives what came. */
      async function collect(runId: string, from = 0): Promise<LogEntry[]> {
        const entries: LogEntry[] = []
        const [, reader] = relays
        assert.ok(reader)
        const { promise: ended, resolve } = Promise.withResolvers<void>()
        const following = reader.follow(runId, {
          after: () => entries.at(-1)?.seq ?? from,
          take(some) {
            entries.push(...some)
            if (entries.at(-1)?.event.type === 'RunFailed') resolve()
          },
        })
        await ended
        following.stop()
        return entries
      }

      test('are bounded in length, and forgotten soon after their end', async () => {
        const carried = await carriedBy('long')
        const log = createRunLog()
        relays[0]?.carry('long', log)
        for (let nth = 1; nth <= 12_000; nth++) {
          log.append(token(`${nth} `))
          if (nth % 1_000 === 0) await carried(nth)
        }
        const kept = await one.xlen('tangga:run:long')
        assert.ok(kept >= 2_000 && kept < 2_500, `${kept} entries are kept`)
        const living = await one.ttl('tangga:run:long')
        assert.ok(living > 10 && living <= 120, `${living} s`)
        log.append({ type: 'RunFailed', code: 'internal', message: 'x' })
        await carried(12_001)
        const left = await one.ttl('tangga:run:long')
        assert.ok(left > 0 && left <= 10, `${left} s`)
        const entries = await collect('long', 11_000)
        assert.deepEqual(
          entries.map(({ seq }) => seq),
          Array.from({ length: 1_001 }, (_, nth) => 11_001 + nth),
        )
      })

      test('are told with a gap where another version has written what this one does not know', async () => {
        await one.xadd('tangga:run:odd', '1-0', 'event', '{"type":"AgentStream","delta":"a"}')
        await one.xadd('tangga:run:odd', '2-0', 'event', '{"type":"FromTheFuture"}')
        await one.xadd('tangga:run:odd', '3-0', 'event', '{"type":"RunFailed","code":"x","message":"y"}')
        const entries = await collect('odd')
        assert.deepEqual(
          entries.map(({ seq }) => seq),
          [1, 3],
        )
      })

      test('are told to end by every instance that can reach it', async () => {
        while (Number((await one.pubsub('NUMSUB', 'tangga:run-commands'))[1]) < 2) await turn()
        const heard: unknown[] = []
        const { promise: all, resolve } = Promise.withResolvers<void>()
        commands.on('command', (...said) => {
          if (heard.push(said) === 4) resolve()
        })
        relays[0]?.tell({ runId: 'some-run' })
        relays[0]?.tell({ userId: 'some-user' })
        await all
        assert.deepEqual(heard.toSorted(), [
          [0, { runId: 'some-run' }],
          [0, { userId: 'some-user' }],
          [1, { runId: 'some-run' }],
          [1, { userId: 'some-user' }],
        ])
      })
    })
  })

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, beforeEach, describe, test } from 'node:test'
import { hasRedis, type RedisServer, startRedis } from '../../../test/redis-server.ts'
import { createLog } from '../../platform/logger.ts'
import { createRedis } from '../../platform/redis.ts'
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
      let one: ReturnType<typeof createRedis>
      let two: ReturnType<typeof createRedis>
      let relays: RunRelay[]
      let commands: unknown[]
      before(async () => {
        one = createRedis(redis.url, silent)
        two = createRedis(redis.url, silent)
        for (const { redis: connection, connect } of [one, two]) {
          connect()
          await once(connection, 'ready')
        }
        commands = []
        relays = [one, two].map(({ redis: connection }, nth) =>
          createRunRelay({ redis: connection, log: silent, onCommand: (command) => commands.push([nth, command]) }),
        )
        for (const relay of relays) relay.start()
      })
      after(() => {
        for (const relay of relays) relay.close()
        one.close()
        two.close()
      })

      /** collect follows a run until its end and gives what came. */
      async function collect(runId: string, options: { from?: number; until: () => boolean }): Promise<LogEntry[]> {
        const entries: LogEntry[] = []
        const [, reader] = relays
        assert.ok(reader)
        const following = reader.follow(runId, {
          after: () => entries.at(-1)?.seq ?? options.from ?? 0,
          take: (some) => void entries.push(...some),
        })
        while (!options.until() || entries.at(-1)?.event.type !== 'RunFailed') await two.redis.ping()
        following.stop()
        return entries
      }

      test('are bounded in length, and forgotten soon after their end', async () => {
        const log = createRunLog()
        relays[0]?.carry('long', log)
        for (let nth = 1; nth <= 12_000; nth++) {
          log.append(token(`${nth} `))
          if (nth % 1_000 === 0) while ((await one.redis.xlen('tangga:run:long')) === 0) continue
        }
        while ((await one.redis.xrevrange('tangga:run:long', '+', '-', 'COUNT', 1))[0]?.[0] !== '12000-0') continue
        const kept = await one.redis.xlen('tangga:run:long')
        assert.ok(kept >= 2_000 && kept < 2_500, `${kept} entries are kept`)
        const living = await one.redis.ttl('tangga:run:long')
        assert.ok(living > 10 && living <= 120, `${living} s`)
        log.append({ type: 'RunFailed', code: 'internal', message: 'x' })
        const entries = await collect('long', { from: 11_000, until: () => true })
        assert.deepEqual(
          entries.map(({ seq }) => seq),
          Array.from({ length: 1_001 }, (_, nth) => 11_001 + nth),
        )
        const left = await one.redis.ttl('tangga:run:long')
        assert.ok(left > 0 && left <= 10, `${left} s`)
      })

      test('are told with a gap where another version has written what this one does not know', async () => {
        const log = createRunLog()
        log.append(token('a'))
        await one.redis.xadd('tangga:run:odd', '1-0', 'event', '{"type":"AgentStream","delta":"a"}')
        await one.redis.xadd('tangga:run:odd', '2-0', 'event', '{"type":"FromTheFuture"}')
        await one.redis.xadd('tangga:run:odd', '3-0', 'event', '{"type":"RunFailed","code":"x","message":"y"}')
        const entries = await collect('odd', { until: () => true })
        assert.deepEqual(
          entries.map(({ seq }) => seq),
          [1, 3],
        )
      })

      test('are told to end by every instance that can reach it', async () => {
        while (Number((await one.redis.pubsub('NUMSUB', 'tangga:run-commands'))[1]) < 2) continue
        relays[0]?.tell({ runId: 'some-run' })
        relays[0]?.tell({ userId: 'some-user' })
        while (commands.length < 4) await two.redis.ping()
        assert.deepEqual(commands.toSorted(), [
          [0, { runId: 'some-run' }],
          [0, { userId: 'some-user' }],
          [1, { runId: 'some-run' }],
          [1, { userId: 'some-user' }],
        ])
      })
    })
  })

import { z } from 'zod'
import type { Log } from '../../platform/logger.ts'
import { createRedisChannels } from '../../platform/redis-channels.ts'
import type { RedisConnection } from '../../platform/redis.ts'
import { runEvent } from './run-events.ts'
import { parseRunCommand, type RunCommand, runCommandText } from './run-instance.ts'
import type { LogEntry, RunLog } from './run-log.ts'

/**
 * RunRelay carries live runs to the readers of other instances through Redis: one stream a run, whose ids are the places in
 * its log, and a channel that says that there is more. It holds only what the database holds a second later, and not for
 * long; who finds a gap, or nothing, reads the database.
 */
export type RunRelay = {
  /** carry offers a run of this process to the others, from its beginning to its end. */
  carry(runId: string, log: RunLog): void
  /** follow gives the entries of a run after the place `after()`, in order, as they come; gaps are possible. */
  follow(runId: string, reader: RelayReader): Following
  /** tell has the instances that make runs end them. */
  tell(command: RunCommand): void
  start(): void
  close(): void
}

/** RelayReader takes entries; `after` is the last place that it has. */
export type RelayReader = { after: () => number; take: (entries: LogEntry[]) => void }

/** Following reads on: `readOn` looks at once, `stop` ends it. */
export type Following = { readOn(): void; stop(): void }

// Pieces of all runs that come within this time go in one round trip.
const GATHER_MS = 10
// After a failure nothing is carried for so long; readers find the rest in the database.
const PAUSE_MS = 1_000
// Far more than a second's worth, which is what the database may lack.
const ENTRIES_KEPT = 2_000
const KEPT_SECONDS = 120
const KEPT_SECONDS_AFTER_END = 10
const READ_AT_ONCE = 500
const COMMANDS = 'tangga:run-commands'

const keyOf = (runId: string) => `tangga:run:${runId}`
const streamRow = z.tuple([z.string().regex(/^\d+-0$/), z.tuple([z.literal('event'), z.string()])])

/** createRunRelay makes it over a connection to Redis. */
export function createRunRelay(options: {
  redis: RedisConnection
  log: Log
  onCommand: (command: RunCommand) => void
}): RunRelay {
  const { redis, log } = options
  const channels = createRedisChannels(redis)
  const carried = new Map<string, { log: RunLog; sent: number; forget: () => void }>()
  const changed = new Set<string>()
  const followers = new Set<Following>()
  let timer: NodeJS.Timeout | undefined
  let isSending = false
  let hasFailed = false

  channels.hear(COMMANDS, (message) => {
    const command = parseRunCommand(message)
    if (command) options.onCommand(command)
  })
  channels.onReady(() => {
    for (const follower of followers) follower.readOn()
  })

  function plan(afterMs: number): void {
    if (!isSending && changed.size > 0) timer ??= setTimeout(() => void send(), afterMs).unref()
  }

  /** send carries what is new of every run. One round trip at a time, so that a Redis that hangs holds up nothing. */
  async function send(): Promise<void> {
    timer = undefined
    isSending = true
    try {
      // A Redis that failed is asked something small first.
      if (hasFailed) await redis.ping()
      const pipeline = redis.pipeline()
      for (const runId of changed) addTo(pipeline, runId)
      changed.clear()
      const failed = (await pipeline.exec())?.find(([error]) => error)?.[0]
      if (failed) throw failed
      hasFailed = false
    } catch (error) {
      if (!hasFailed) log.debug({ err: error }, 'live runs are not carried to other instances for now')
      hasFailed = true
      for (const runId of changed) skip(runId)
      changed.clear()
    } finally {
      isSending = false
      plan(hasFailed ? PAUSE_MS : GATHER_MS)
    }
  }

  function addTo(pipeline: ReturnType<RedisConnection['pipeline']>, runId: string): void {
    const run = carried.get(runId)
    if (!run) return
    const key = keyOf(runId)
    for (const { seq, event } of run.log.read(run.sent))
      pipeline.xadd(key, 'MAXLEN', '~', ENTRIES_KEPT, `${seq}-0`, 'event', JSON.stringify(event))
    pipeline.expire(key, run.log.ended ? KEPT_SECONDS_AFTER_END : KEPT_SECONDS)
    pipeline.publish(key, String(run.log.lastSeq))
    skip(runId)
  }

  /** skip takes a run as carried so far. */
  function skip(runId: string): void {
    const run = carried.get(runId)
    if (!run) return
    run.sent = run.log.lastSeq
    if (!run.log.ended) return
    run.forget()
    carried.delete(runId)
  }

  return {
    carry(runId, runLog) {
      const note = () => {
        changed.add(runId)
        plan(GATHER_MS)
      }
      carried.set(runId, { log: runLog, sent: 0, forget: runLog.subscribe(note) })
      note()
    },

    follow(runId, reader) {
      const key = keyOf(runId)
      let isReading = false
      let hasMore = false
      let isStopped = false

      async function read(): Promise<void> {
        isReading = true
        try {
          do {
            hasMore = false
            const rows = await redis.xrange(key, `(${reader.after()}-0`, '+', 'COUNT', READ_AT_ONCE)
            if (isStopped) return
            const before = reader.after()
            reader.take(rows.flatMap(entryOf))
            // A reader that took nothing of it stands before a gap, and will ask again.
            if (rows.length === READ_AT_ONCE && reader.after() > before) hasMore = true
          } while (hasMore)
        } catch (error) {
          log.debug({ err: error, run_id: runId }, 'a run of another instance is not to be had from Redis')
        } finally {
          isReading = false
        }
      }

      const following: Following = {
        readOn() {
          if (isReading) hasMore = true
          else if (!isStopped) void read()
        },
        stop() {
          isStopped = true
          followers.delete(following)
          unhear()
        },
      }
      const unhear = channels.hear(key, following.readOn)
      followers.add(following)
      following.readOn()
      return following
    },

    tell: (command) => void redis.publish(COMMANDS, runCommandText(command)).catch(() => {}),
    start: channels.connect,
    close() {
      clearTimeout(timer)
      channels.close()
    },
  }
}

/** entryOf reads a row of a run's stream; what another version may have put there is left out, and leaves a gap. */
function entryOf(row: unknown): LogEntry[] {
  const parsed = streamRow.safeParse(row)
  if (!parsed.success) return []
  const [id, [, text]] = parsed.data
  const event = runEvent.safeParse(JSON.parse(text))
  return event.success ? [{ seq: Number.parseInt(id, 10), event: event.data }] : []
}

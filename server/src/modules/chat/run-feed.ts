import { problem } from '../../platform/errors.ts'
import type { Log } from '../../platform/logger.ts'
import type { OpenStreams } from '../../platform/sse/open-streams.ts'
import { type ChatFailureCode, failureMessage } from './failure-messages.ts'
import type { ChatRepository } from './repository.ts'
import type { RunEvent } from './run-events.ts'
import type { RunLog } from './run-log.ts'
import type { RunRegistry } from './run-registry.ts'
import type { RunRelay } from './run-relay.ts'
import { beyondTheEnd, followStored, storedEvents, storedLog } from './stored-run.ts'

/** RunFeed is a run to be streamed to one reader; `release` is called once when the reader is gone. */
export type RunFeed = { runId: string; log: RunLog; after: number; release: () => void }

/** RunFeeds opens runs for readers. */
export type RunFeeds = ReturnType<typeof createRunFeeds>

/** createRunFeeds makes them; `pollEveryMs` is how often a run of another process is looked at in the database. */
export function createRunFeeds(deps: {
  repository: Pick<ChatRepository, 'runWithAnswer' | 'interruptIfExpired'>
  registry: RunRegistry
  streams: OpenStreams
  /** userLocale gives the language of a user, for sentences that are made while reading. */
  userLocale: (userId: string) => Promise<'en' | 'id'>
  log: Log
  relay?: Pick<RunRelay, 'follow'> | undefined
  pollEveryMs?: number | undefined
}) {
  const { repository, registry, streams, log, relay } = deps

  /** feed finds a run, wherever it lives or whether it has ended, for a reader who has seen everything up to `after`. */
  async function feed(options: {
    userId: string
    runId: string
    after: number
    release: () => void
  }): Promise<RunFeed> {
    const { userId, runId, after, release } = options
    const live = registry.get(runId)
    if (live) {
      if (after > live.log.lastSeq) throw beyondTheEnd()
      return { runId, log: live.log, after, release }
    }
    const locale = await deps.userLocale(userId)
    const stored = await repository.runWithAnswer(runId)
    if (!stored) throw problem.notFound()
    if (stored.run.status !== 'running') return { runId, log: storedLog(stored, after, locale), after, release }
    const failed = (code: ChatFailureCode): RunEvent[] => [
      { type: 'RunFailed', code, message: failureMessage(code, locale) },
    ]
    const elsewhere = followStored({
      after,
      everyMs: deps.pollEveryMs ?? 1_000,
      relay: relay && ((reader) => relay.follow(runId, reader)),
      onError: (err) => log.warn({ err, run_id: runId }, 'a run of another process could not be read'),
      async read() {
        if (registry.closing.aborted) return failed('server_stopping')
        await repository.interruptIfExpired(runId)
        const now = await repository.runWithAnswer(runId)
        return now ? storedEvents(now, locale) : failed('interrupted')
      },
    })
    return {
      runId,
      log: elsewhere.log,
      after,
      release() {
        elsewhere.stop()
        release()
      },
    }
  }

  return {
    /** open gives the stream of the run that `find` finds or begins, once a place for one more stream is taken. */
    async open(reader: { userId: string; after: number; find: () => Promise<string> }): Promise<RunFeed> {
      const { userId, after } = reader
      const release = await streams.reserve(userId)
      try {
        return await feed({ userId, runId: await reader.find(), after, release })
      } catch (error) {
        release()
        throw error
      }
    },
  }
}

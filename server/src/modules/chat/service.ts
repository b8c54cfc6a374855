import type { Clock } from '../../platform/clock.ts'
import type { Settings } from '../../platform/config.ts'
import { problem } from '../../platform/errors.ts'
import type { Page } from '../../platform/http/paging.ts'
import { pageOf } from '../../platform/http/paging.ts'
import { newId } from '../../platform/ids.ts'
import type { CreateLimiter } from '../../platform/limits.ts'
import type { Log } from '../../platform/logger.ts'
import type { OpenStreams } from '../../platform/sse/open-streams.ts'
import type { RunContext } from '../agent/index.ts'
import type { User } from '../auth/index.ts'
import type { businesses } from '../business/index.ts'
import { type ChatFailureCode, failureMessage } from './failure-messages.ts'
import type { ChatMessage, ChatRepository, ChatRun, ChatSession, NewRun, StartResult } from './repository.ts'
import type { RunEvent } from './run-events.ts'
import { createRunLog, type RunLog } from './run-log.ts'
import { recordOf } from './run-record.ts'
import { type RunRegistry, within } from './run-registry.ts'
import { type RunDeps, startRun } from './run.ts'
import { sessionTitle } from './session-title.ts'
import { beyondTheEnd, followStored, storedEvents, storedLog } from './stored-run.ts'

type Business = typeof businesses.$inferSelect

/** BusinessAccess is what the chat needs of the business module: it decides whose a business is, and throws 404. */
export type BusinessAccess = { businessFor(userId: string, businessId?: string): Promise<Business> }

/** ChatServiceDeps is what the service is wired from. */
export type ChatServiceDeps = {
  repository: ChatRepository
  registry: RunRegistry
  runs: RunDeps
  business: BusinessAccess
  /** userLocale gives the language of a user, for sentences that are made while reading. */
  userLocale: (userId: string) => Promise<'en' | 'id'>
  settings: Pick<Settings, 'chatLimitPerMinute' | 'chatLimitPerDay' | 'runsPerOwner'>
  limiter: CreateLimiter
  streams: OpenStreams
  clock: Clock
  log: Log
  /** How often a run of another process is looked at in the database. */
  pollEveryMs?: number
}

/** Completion is a message to the advisor. */
export type Completion = {
  content: string
  sessionId?: string | undefined
  businessId?: string | undefined
  clientMessageId?: string | undefined
}

/** RunFeed is a run to be streamed to one reader; `release` is called once when the reader is gone. */
export type RunFeed = { runId: string; log: RunLog; after: number; release: () => void }

/** ChatService is conversations with the advisor. Everything of somebody else's is 404. */
export type ChatService = ReturnType<typeof createChatService>

const stopWaitMs = 10_000

/** createChatService wires the service. */
export function createChatService(deps: ChatServiceDeps) {
  const { repository, registry, business, settings, streams, clock, log } = deps
  const perMinute = deps.limiter({
    name: 'messages',
    points: settings.chatLimitPerMinute,
    durationSeconds: 60,
    message: 'You are writing faster than the advisor may answer. Please wait a moment.',
  })

  async function ownSession(userId: string, sessionId: string): Promise<{ session: ChatSession; business: Business }> {
    const session = await repository.session(sessionId)
    if (!session) throw problem.notFound()
    return { session, business: await business.businessFor(userId, session.businessId) }
  }

  async function ownRun(userId: string, runId: string): Promise<ChatRun> {
    const found = await repository.run(runId)
    if (!found) throw problem.notFound()
    await business.businessFor(userId, found.session.businessId)
    return found.run
  }

  /** target is where a message goes: the business, and the session when one is named. */
  async function target(userId: string, completion: Completion) {
    if (completion.sessionId === undefined)
      return { business: await business.businessFor(userId, completion.businessId), session: undefined }
    const own = await ownSession(userId, completion.sessionId)
    if (completion.businessId !== undefined && completion.businessId !== own.business.id) throw problem.notFound()
    return own
  }

  /** feed opens a run, wherever it lives or whether it has ended, for a reader who has seen everything up to `after`. */
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

  function refuse(result: Exclude<StartResult, { kind: 'started' } | { kind: 'repeated' }>): never {
    switch (result.kind) {
      case 'no_account':
        throw problem.unauthorized()
      case 'session_gone':
        throw problem.notFound()
      case 'run_active':
        throw problem.conflict('run_active', 'The advisor is still answering in this conversation.', {
          run_id: result.runId,
        })
      case 'too_many_runs':
        throw problem.tooMany('The advisor is already working on several answers for you. Please wait for one.', 5)
      case 'day_limit':
        throw problem.tooMany(
          'You have reached the number of messages for one day.',
          (result.freeAt.getTime() - clock.now().getTime()) / 1000,
        )
    }
  }

  /** begin writes the message and starts its run, or joins the one that the same message has started before. */
  async function begin(options: {
    userId: string
    completion: Completion
    business: Business
    session: ChatSession | undefined
  }): Promise<string> {
    const { userId, completion, session } = options
    const runId = newId()
    const sessionId = session?.id ?? newId()
    const title = session?.title ?? sessionTitle(completion.content)
    const userMessageId = newId()
    const assistantMessageId = newId()
    const runLog = createRunLog()
    if (!session) runLog.append({ type: 'SessionCreated', sessionId, title })
    runLog.append({ type: 'RunStarted', runId, sessionId, userMessageId })

    const newRun: NewRun = {
      runId,
      userId,
      businessId: options.business.id,
      session: { id: sessionId, title, isNew: !session },
      userMessage: {
        id: userMessageId,
        content: completion.content,
        clientMessageId: completion.clientMessageId ?? null,
      },
      assistantMessageId,
      record: recordOf(runLog.read(0).map((entry) => entry.event)),
      limits: { runsPerOwner: settings.runsPerOwner, perDay: settings.chatLimitPerDay },
      liveHere: registry.ids(),
      at: clock.now(),
    }
    const result = await repository.startRun(newRun)
    if (result.kind === 'repeated') return result.runId
    if (result.kind !== 'started') refuse(result)
    registry.add(
      startRun(deps.runs, {
        log: runLog,
        context: runContext({ runId, user: result.user, business: options.business }),
        sessionId,
        userMessageId,
        assistantMessageId,
        message: completion.content,
      }),
    )
    return runId
  }

  async function stop(runId: string, isRunning: boolean): Promise<void> {
    const live = registry.get(runId)
    if (live) {
      live.abort('stopped')
      await within(stopWaitMs, live.ended)
    } else if (isRunning) {
      await repository.markStopped(runId)
    }
  }

  return {
    /** getBusinessSessions lists the conversations of a business (the caller's first without one), last used first. */
    async getBusinessSessions(
      userId: string,
      query: { businessId: string | undefined; limit: number; before: { updatedAt: Date; id: string } | undefined },
    ): Promise<Page<ChatSession>> {
      const { id: businessId } = await business.businessFor(userId, query.businessId)
      const rows = await repository.sessions({ businessId, limit: query.limit, before: query.before })
      return pageOf(rows, query.limit, (last) => ({ at: last.updatedAt.toISOString(), id: last.id }))
    },

    /** getSessionMessages gives the newest messages of a conversation, or those before a message, oldest first. */
    async getSessionMessages(
      userId: string,
      query: { sessionId: string; limit: number; before: string | undefined },
    ): Promise<Page<ChatMessage>> {
      const { session } = await ownSession(userId, query.sessionId)
      const rows = await repository.messages({ sessionId: session.id, limit: query.limit, before: query.before })
      const page = pageOf(rows, query.limit, (last) => ({ id: last.id }))
      return { items: page.items.toReversed(), next: page.next }
    },

    /**
     * streamChatCompletion stores a message and starts the run that answers it, which goes on without this reader. The
     * same `clientMessageId` again joins the run that it started. Refuses with 404, 409 `run_active` and 429.
     */
    async streamChatCompletion(userId: string, completion: Completion): Promise<RunFeed> {
      const { business: own, session } = await target(userId, completion)
      if (registry.closing.aborted)
        throw problem.unavailable('server_stopping', 'The service is restarting. Please try again.')
      const release = streams.reserve(userId)
      try {
        const { clientMessageId } = completion
        const repeated =
          clientMessageId === undefined
            ? undefined
            : await repository.findRepeat({ clientMessageId, businessId: own.id, sessionId: session?.id ?? null })
        if (!repeated) await perMinute.take(userId)
        const runId = repeated ?? (await begin({ userId, completion, business: own, session }))
        return await feed({ userId, runId, after: 0, release })
      } catch (error) {
        release()
        throw error
      }
    },

    /** followRun gives the stream of a run from the start, or after an event; it ends when the run has ended. */
    async followRun(userId: string, runId: string, after: number): Promise<RunFeed> {
      await ownRun(userId, runId)
      const release = streams.reserve(userId)
      try {
        return await feed({ userId, runId, after, release })
      } catch (error) {
        release()
        throw error
      }
    },

    /** stopRun ends a run and keeps what was said; it answers how the run ended, however often it is asked. */
    async stopRun(userId: string, runId: string) {
      const { status } = await ownRun(userId, runId)
      await stop(runId, status === 'running')
      const stopped = await ownRun(userId, runId)
      if (stopped.status === 'running')
        throw problem.unavailable('storage_unavailable', 'The answer could not be stored yet. Please try again.')
      return { runId, status: stopped.status }
    },

    /** renameSession gives a conversation another title, if any; when it was last used stays as it was. */
    async renameSession(userId: string, sessionId: string, title: string | undefined): Promise<ChatSession> {
      const { session } = await ownSession(userId, sessionId)
      if (title === undefined) return session
      const renamed = await repository.rename(session.id, title)
      if (!renamed) throw problem.notFound()
      return renamed
    },

    /** deleteSession takes a conversation out of sight and stops its active run. */
    async deleteSession(userId: string, sessionId: string): Promise<void> {
      const { session } = await ownSession(userId, sessionId)
      await repository.softDelete(session.id, clock.now())
      // No run can begin from here on, so this one is the last.
      const active = await repository.activeRun(session.id)
      if (active) await stop(active, true)
    },

    /** stopRunsOf ends every run of a user and waits for them, but not for ever; for an account that is erased. */
    async stopRunsOf(userId: string): Promise<void> {
      await registry.endAll({ which: (run) => run.userId === userId, reason: 'stopped', withinMs: 5_000 })
    },
  }
}

function runContext(options: { runId: string; user: User; business: Business }): RunContext {
  const { runId, user, business } = options
  return {
    runId,
    userId: user.id,
    userName: user.name,
    locale: user.locale,
    business: {
      id: business.id,
      name: business.businessName,
      stage: business.businessStage,
      category: business.businessCategory,
      description: business.businessDescription,
      primaryGoal: business.primaryGoal,
      targetMarket: business.targetMarket,
      timeZone: business.timeZone,
      currency: business.currency,
    },
  }
}

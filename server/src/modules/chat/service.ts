import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../../platform/clock.ts'
import type { Settings } from '../../platform/config.ts'
import { problem } from '../../platform/errors.ts'
import type { Page } from '../../platform/http/paging.ts'
import { pageOf } from '../../platform/http/paging.ts'
import type { CreateLimiter } from '../../platform/limits.ts'
import type { Log } from '../../platform/logger.ts'
import type { OpenStreams } from '../../platform/sse/open-streams.ts'
import type { Approvals, Verdict } from '../agent/index.ts'
import type { RunBudgets } from './budget/run-budgets.ts'
import { type BusinessAccess, createChatAccess } from './chat-access.ts'
import type { RatedMessage } from './dto.ts'
import type { FeedbackRepository } from './feedback-repository.ts'
import { createClientPlaces } from './client-places.ts'
import type { ConversationNames } from './conversation-name.ts'
import type { LiveRunPlaces } from './live-run-places.ts'
import type { ChatMessage, ChatRepository } from './repository.ts'
import { createRunFeeds, type RunFeed } from './run-feed.ts'
import type { RunCommand } from './run-instance.ts'
import { type RunRegistry, within } from './run-registry.ts'
import type { RunRelay } from './run-relay.ts'
import { createRunStarts, runActive } from './run-start.ts'
import type { RunDeps } from './run.ts'
import type { SessionRepository } from './session-repository.ts'
import type { SideCalls } from './side-calls.ts'
import type { Titles } from './titles.ts'

/** ChatServiceDeps is what the service is wired from. */
export type ChatServiceDeps = {
  repository: ChatRepository
  sessions: Pick<SessionRepository, 'softDelete'>
  feedback: Pick<FeedbackRepository, 'ofMessages'>
  titles: Pick<Titles, 'afterFirstAnswer'>
  calls: Pick<SideCalls, 'end'>
  registry: RunRegistry
  runs: RunDeps
  approvals: Pick<Approvals, 'decide'>
  business: BusinessAccess
  /** userLocale gives the language of a user, for sentences that are made while reading. */
  userLocale: (userId: string) => Promise<'en' | 'id'>
  settings: Pick<Settings, 'chatLimitPerMinute' | 'chatLimitPerDay' | 'runsPerOwner'>
  budgets: RunBudgets
  places: LiveRunPlaces
  limiter: CreateLimiter
  streams: OpenStreams
  clock: Clock
  log: Log
  /** The number that this process's runs are stored with. */
  instance: () => number
  /** With Redis: carries live runs, and commands to stop them, between instances. */
  relay?: RunRelay | undefined
  /** How often a run of another process is looked at in the database. */
  pollEveryMs?: number
}

/** Completion is a message to the advisor. */
export type Completion = {
  content: string
  sessionId?: string | undefined
  businessId?: string | undefined
  clientMessageId?: string | undefined
  /** The message of the session that this one follows; the last one that is shown when left out. */
  afterId?: string | undefined
  /** What the client calls the conversation, where it has ids of its own and knows no session. */
  names?: ConversationNames | undefined
}

/** ChatService is conversations with the advisor. Everything of somebody else's is 404. */
export type ChatService = ReturnType<typeof createChatService>

const stopWaitMs = 10_000
// Longer than the second that an engine may take to notice.
const stopElsewhereMs = 3_000
const askEveryMs = 50

/** createChatService wires the service. */
export function createChatService(deps: ChatServiceDeps) {
  const { repository, registry, clock } = deps
  const access = createChatAccess(deps)
  const feeds = createRunFeeds(deps)
  const starts = createRunStarts({
    ...deps,
    access,
    perMinute: deps.limiter({
      name: 'messages',
      points: deps.settings.chatLimitPerMinute,
      durationSeconds: 60,
      message: 'You are writing faster than the advisor may answer. Please wait a moment.',
    }),
  })

  /** tell has other instances end runs. Not waited for: they notice without it too, when they renew their leases. */
  function tell(command: RunCommand): void {
    repository.tell(command).catch((err: unknown) => deps.log.warn({ err }, 'other instances could not be told'))
    deps.relay?.tell(command)
  }

  async function stop(runId: string, isRunning: boolean): Promise<void> {
    const live = registry.get(runId)
    if (live) {
      live.abort('stopped')
      await within(stopWaitMs, live.ended)
    } else if (isRunning) {
      // Who makes the answer stores it whole; only where nobody does is it ended with what is stored.
      tell({ runId })
      if (!(await endsElsewhere(runId))) await repository.markStopped(runId)
    }
  }

  async function endsElsewhere(runId: string): Promise<boolean> {
    const giveUpAt = performance.now() + stopElsewhereMs
    while (performance.now() < giveUpAt) {
      if ((await repository.runStatus(runId)) !== 'running') return true
      await sleep(askEveryMs)
    }
    return false
  }

  return {
    /** getSessionMessages gives the newest current messages of a conversation, or those before one, oldest first. */
    async getSessionMessages(
      userId: string,
      query: { sessionId: string; limit: number; before: string | undefined },
    ): Promise<Page<RatedMessage>> {
      const { session } = await access.session(userId, query.sessionId)
      const rows = await repository.messages({ sessionId: session.id, limit: query.limit, before: query.before })
      const page = pageOf(rows, query.limit, (last) => ({ id: last.id }))
      const said = await deps.feedback.ofMessages(page.items.map(({ id }) => id))
      const rated = page.items.map((message) => ({ ...message, feedback: said.get(message.id) }))
      return { items: rated.toReversed(), next: page.next }
    },

    /**
     * streamChatCompletion stores a message and starts the run that answers it, which goes on without this reader. The
     * same `clientMessageId` again joins the run that it started. Refuses with 404, 409 `run_active` and 429.
     */
    async streamChatCompletion(userId: string, completion: Completion): Promise<RunFeed> {
      const { content, clientMessageId, businessId, afterId, names } = completion
      const place = afterId === undefined ? ({ kind: 'end' } as const) : ({ kind: 'beside', afterId } as const)
      const find = async () => {
        let { sessionId } = completion
        if (sessionId === undefined && names)
          sessionId = (await repository.findNamed({ userId, businessId, names: names.find }))?.sessionId
        return starts.runFor({ userId, businessId, sessionId, content, clientMessageId, names, place })
      }
      return feeds.open({ userId, after: 0, find })
    },

    /**
     * regenerate answers a message anew, beside the answer there is; `messageId` may name either. From then on the new
     * answer is the current one, and ends the conversation as it is shown. Refuses as streamChatCompletion does.
     */
    async regenerate(
      userId: string,
      messageId: string,
      { clientMessageId, names }: { clientMessageId: string | undefined; names?: ConversationNames },
    ): Promise<RunFeed> {
      const { message, session } = await access.message(userId, messageId)
      const question = message.role === 'user' ? message : (await repository.message(message.afterId))?.message
      if (!question) throw problem.notFound()
      const { content } = question
      const place = { kind: 'stands', standingId: question.id } as const
      const find = () => starts.runFor({ userId, sessionId: session.id, content, clientMessageId, names, place })
      return feeds.open({ userId, after: 0, find })
    },

    /**
     * edit puts a message of the owner another way and answers it; the first one stays, with all that followed it, as
     * another version. Refuses as streamChatCompletion does, and with 409 `not_your_message` for an answer.
     */
    async edit(
      userId: string,
      messageId: string,
      edited: { content: string; clientMessageId: string | undefined; names?: ConversationNames },
    ): Promise<RunFeed> {
      const { message, session } = await access.message(userId, messageId)
      if (message.role !== 'user')
        throw problem.conflict('not_your_message', 'Only your own messages can be put another way.')
      const place = { kind: 'beside', afterId: message.afterId } as const
      const find = () => starts.runFor({ ...edited, userId, sessionId: session.id, place })
      return feeds.open({ userId, after: 0, find })
    },

    /** messageVersions lists what stands, or stood, in the place of a message, newest first; itself included. */
    async messageVersions(
      userId: string,
      query: { messageId: string; limit: number; before: string | undefined },
    ): Promise<Page<ChatMessage>> {
      const { message } = await access.message(userId, query.messageId)
      const { limit, before } = query
      const rows = await repository.versions({ afterId: message.afterId, limit, before })
      return pageOf(rows, limit, (last) => ({ id: last.id }))
    },

    /** showVersion makes a version current, with the branch below it that was written in last. 409 while one is made. */
    async showVersion(userId: string, messageId: string): Promise<ChatMessage> {
      const { message, session } = await access.message(userId, messageId)
      const shown = await repository.showVersion({ sessionId: session.id, messageId })
      if (shown === 'session_gone') throw problem.notFound()
      if (shown !== 'shown') throw runActive(shown.runId)
      return { ...message, isCurrent: true }
    },

    /** followRun gives the stream of a run from the start, or after an event; it ends when the run has ended. */
    async followRun(userId: string, runId: string, after: number): Promise<RunFeed> {
      await access.run(userId, runId)
      return feeds.open({ userId, after, find: async () => runId })
    },

    /** places finds where the messages of clients that keep ids of their own belong. */
    places: createClientPlaces({ repository, access }),

    /** followActiveRun gives the stream of the run that is answering in a conversation, undefined when none is. */
    async followActiveRun(userId: string, sessionId: string): Promise<RunFeed | undefined> {
      const { session } = await access.session(userId, sessionId)
      const runId = await repository.activeRun(session.id)
      return runId === undefined ? undefined : feeds.open({ userId, after: 0, find: async () => runId })
    },

    /** stopRun ends a run and keeps what was said; it answers how the run ended, however often it is asked. */
    async stopRun(userId: string, runId: string) {
      const { status } = await access.run(userId, runId)
      await stop(runId, status === 'running')
      const stopped = await access.run(userId, runId)
      if (stopped.status === 'running')
        throw problem.unavailable('storage_unavailable', 'The answer could not be stored yet. Please try again.')
      return { runId, status: stopped.status }
    },

    /**
     * decideApproval takes the owner's decision on what a run waits for, once; 409 when the run is over, also for one whose
     * process is gone. At whichever instance it comes in, the one that makes the answer goes on with it.
     */
    async decideApproval(verdict: Omit<Verdict, 'isLive'>): Promise<'approved' | 'denied'> {
      const { userId, runId } = verdict
      await access.run(userId, runId)
      if (!registry.get(runId)) await repository.interruptIfExpired(runId)
      const { status } = await access.run(userId, runId)
      return deps.approvals.decide({ ...verdict, isLive: status === 'running' })
    },

    /** deleteSession takes a conversation out of sight and stops its active run. */
    async deleteSession(userId: string, sessionId: string): Promise<void> {
      const { session } = await access.session(userId, sessionId)
      await deps.sessions.softDelete(session.id, clock.now())
      deps.calls.end({ sessionId: session.id })
      // No run can begin from here on, so this one is the last.
      const active = await repository.activeRun(session.id)
      if (active) await stop(active, true)
    },

    /**
     * stopWorkFor ends every run of a user, and titles and summaries that are being written for them; it waits for the runs
     * that live here, but not for ever. For an erased account.
     */
    async stopWorkFor(userId: string): Promise<void> {
      tell({ userId })
      deps.calls.end({ userId })
      await registry.endAll({ which: (run) => run.userId === userId, reason: 'stopped', withinMs: 5_000 })
    },
  }
}

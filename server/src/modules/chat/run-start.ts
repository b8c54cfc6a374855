import type { Clock } from '../../platform/clock.ts'
import type { Settings } from '../../platform/config.ts'
import { problem } from '../../platform/errors.ts'
import { newId } from '../../platform/ids.ts'
import { runContext } from '../agent/index.ts'
import type { Limiter } from '../../platform/limits.ts'
import type { RunBudgets } from './budget/run-budgets.ts'
import type { Business, OwnSession } from './chat-access.ts'
import { type LiveRunPlaces, tooManyLiveRuns } from './live-run-places.ts'
import type { ChatRepository, ChatSession, NewRun, StartResult } from './repository.ts'
import type { ConversationNames } from './conversation-name.ts'
import { createRunLog } from './run-log.ts'
import { recordOf } from './run-record.ts'
import type { RunRegistry } from './run-registry.ts'
import type { RunRelay } from './run-relay.ts'
import type { MessagePlace } from './run-rows.ts'
import { type RunDeps, startRun } from './run.ts'
import { sessionTitle } from './session-title.ts'
import type { Titles } from './titles.ts'

/** Question is a message that wants an answer, and where it stands; `standingId` is its id where it stands already. */
export type Question = {
  userId: string
  business: Business
  /** None begins a new one. */
  session: ChatSession | undefined
  content: string
  clientMessageId: string | undefined
  /** What the client calls the conversation, where it has ids of its own. */
  names?: ConversationNames | undefined
  place: Exclude<MessagePlace, { kind: 'stands' }> | { kind: 'stands'; standingId: string }
}

/** RunStarts begins runs. */
export type RunStarts = ReturnType<typeof createRunStarts>

/** createRunStarts makes them; `perMinute` counts the messages of an owner. */
export function createRunStarts(deps: {
  repository: Pick<ChatRepository, 'startRun' | 'findRepeat'>
  ownSession: (userId: string, sessionId: string) => Promise<OwnSession>
  registry: RunRegistry
  runs: RunDeps
  titles: Pick<Titles, 'afterFirstAnswer'>
  /** The number that this process's runs are stored with. */
  instance: () => number
  settings: Pick<Settings, 'chatLimitPerDay' | 'runsPerOwner'>
  perMinute: Limiter
  budgets: RunBudgets
  places: LiveRunPlaces
  /** userLocale gives the language of a user, for what is refused before they are looked up. */
  userLocale: (userId: string) => Promise<'en' | 'id'>
  clock: Clock
  relay?: Pick<RunRelay, 'carry'> | undefined
}) {
  const { repository, registry, settings, clock } = deps

  function refuse(result: Exclude<StartResult, { kind: 'started' | 'repeated' | 'session_known' }>): never {
    switch (result.kind) {
      case 'budget_spent':
        throw deps.budgets.refusal(result)
      case 'no_account':
        throw problem.unauthorized()
      case 'session_gone':
        throw problem.notFound()
      case 'run_active':
        throw runActive(result.runId)
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
  async function begin(question: Question): Promise<string> {
    const { userId, session, place, content } = question
    const runId = newId()
    const sessionId = session?.id ?? newId()
    const title = session?.title ?? sessionTitle(content)
    const userMessageId = place.kind === 'stands' ? place.standingId : newId()
    const assistantMessageId = newId()
    const runLog = createRunLog()
    if (!session) runLog.append({ type: 'SessionCreated', sessionId, title })
    runLog.append({ type: 'RunStarted', runId, sessionId, userMessageId, messageId: assistantMessageId })

    const at = clock.now()
    const newRun: NewRun = {
      runId,
      userId,
      businessId: question.business.id,
      session: { id: sessionId, title, isNew: !session },
      userMessage: { id: userMessageId, content },
      place,
      clientMessageId: question.clientMessageId ?? null,
      names: question.names,
      assistantMessageId,
      record: recordOf(runLog.read(0).map((entry) => entry.event)),
      limits: { runsPerOwner: settings.runsPerOwner, perDay: settings.chatLimitPerDay },
      budget: deps.budgets.request(content, at),
      liveHere: registry.ids(),
      instance: deps.instance(),
      at,
    }
    const release = deps.places.take()
    if (!release) throw tooManyLiveRuns(await deps.userLocale(userId))
    let isStarted = false
    try {
      const result = await repository.startRun(newRun)
      if (result.kind === 'repeated') return result.runId
      if (result.kind === 'session_known') {
        release()
        return await begin({ ...question, ...(await deps.ownSession(userId, result.sessionId)) })
      }
      if (result.kind !== 'started') refuse(result)
      deps.relay?.carry(runId, runLog)
      const run = startRun(deps.runs, {
        log: runLog,
        context: runContext({ runId, user: result.user, business: question.business }),
        sessionId,
        assistantMessageId,
        message: content,
        said: result.said,
        budget: deps.budgets.open({ runId, locale: result.user.locale, reserved: result.reserved }),
      })
      registry.add(run)
      if (!session) deps.titles.afterFirstAnswer(run, result.user.locale)
      isStarted = true
      void run.settled.then(release)
      return runId
    } finally {
      if (!isStarted) release()
    }
  }

  return {
    /**
     * runFor gives the run that answers a question: the one that the same `clientMessageId` has started before, or a new
     * one. Refuses with 409 `run_active` and 429, and with 503 while the process goes down.
     */
    async runFor(question: Question): Promise<string> {
      if (registry.closing.aborted)
        throw problem.unavailable('server_stopping', 'The service is restarting. Please try again.')
      const { clientMessageId, business, session } = question
      const repeated =
        clientMessageId === undefined
          ? undefined
          : await repository.findRepeat({ clientMessageId, businessId: business.id, sessionId: session?.id ?? null })
      if (repeated) return repeated
      await deps.perMinute.take(question.userId)
      return begin(question)
    },
  }
}

/** runActive is the refusal of what must wait until the conversation is answered. */
export const runActive = (runId: string) =>
  problem.conflict('run_active', 'The advisor is still answering in this conversation.', { run_id: runId })

import type { Clock } from '../../platform/clock.ts'
import type { Settings } from '../../platform/config.ts'
import { problem } from '../../platform/errors.ts'
import { newId } from '../../platform/ids.ts'
import type { Limiter } from '../../platform/limits.ts'
import type { RunBudgets } from './budget/run-budgets.ts'
import type { ChatAccess } from './chat-access.ts'
import { type LiveRunPlaces, tooManyLiveRuns } from './live-run-places.ts'
import type { ChatRepository, NewRun, StartResult } from './repository.ts'
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
  /** That of the session, or the user's first where there is none. */
  businessId?: string | undefined
  /** None begins a new conversation. */
  sessionId?: string | undefined
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
  repository: Pick<ChatRepository, 'startRun' | 'flush' | 'findRepeat'>
  access: Pick<ChatAccess, 'business'>
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

  type Refused = Exclude<StartResult, { kind: 'started' | 'repeated' | 'session_known' }>

  async function refuse(result: Refused, { userId, businessId }: Question): Promise<never> {
    switch (result.kind) {
      case 'budget_spent':
        throw deps.budgets.refusal(result)
      case 'no_account':
        throw problem.unauthorized()
      case 'no_business':
        // Who decides it also says it; a business that can be found by now was made meanwhile.
        await deps.access.business(userId, businessId)
        throw problem.notFound()
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

  /** repeatOf gives the run that the same client message has started before. */
  async function repeatOf({ userId, businessId, sessionId, clientMessageId }: Question): Promise<string | undefined> {
    if (clientMessageId === undefined) return undefined
    return repository.findRepeat({ userId, businessId, sessionId, clientMessageId })
  }

  /** begin writes the message and starts its run, or finds the one that the same message has started before. */
  async function begin(question: Question): Promise<{ runId: string; isRepeat: boolean }> {
    const { userId, businessId, place, content } = question
    const runId = newId()
    const isNew = question.sessionId === undefined
    const sessionId = question.sessionId ?? newId()
    const title = sessionTitle(content)
    const userMessageId = place.kind === 'stands' ? place.standingId : newId()
    const assistantMessageId = newId()
    const runLog = createRunLog()
    if (isNew) runLog.append({ type: 'SessionCreated', sessionId, title })
    runLog.append({ type: 'RunStarted', runId, sessionId, userMessageId, messageId: assistantMessageId })

    const at = clock.now()
    const newRun: NewRun = {
      runId,
      userId,
      businessId,
      session: { id: sessionId, title, isNew },
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
    if (!release) {
      const repeated = await repeatOf(question)
      if (repeated === undefined) throw tooManyLiveRuns(await deps.userLocale(userId))
      return { runId: repeated, isRepeat: true }
    }
    let isStarted = false
    try {
      const result = await repository.startRun(newRun)
      if (result.kind === 'repeated') {
        await repository.flush()
        return { runId: result.runId, isRepeat: true }
      }
      if (result.kind === 'session_known') {
        release()
        return await begin({ ...question, sessionId: result.sessionId })
      }
      if (result.kind !== 'started') return await refuse(result, question)
      const { user, business } = result
      deps.relay?.carry(runId, runLog)
      const run = startRun(deps.runs, {
        log: runLog,
        context: { runId, userId: user.id, userName: user.name, locale: user.locale, business },
        sessionId,
        assistantMessageId,
        message: content,
        facts: result.facts,
        said: result.said,
        budget: deps.budgets.open({ runId, locale: user.locale, reserved: result.reserved }),
      })
      registry.add(run)
      if (isNew) deps.titles.afterFirstAnswer(run, user.locale)
      isStarted = true
      void run.settled.then(release)
      // The model is being asked meanwhile; who sent the message is told of the run only when it is safe.
      await repository.flush().catch((error: unknown) => {
        run.abort('interrupted')
        throw error
      })
      return { runId, isRepeat: false }
    } finally {
      if (!isStarted) release()
    }
  }

  return {
    /**
     * runFor gives the run that answers a question: the one that the same `clientMessageId` has started before, or a new
     * one. Refuses with 404 what is not the user's, with 409 `run_active` and 429, and with 503 while the process goes
     * down.
     */
    async runFor(question: Question): Promise<string> {
      if (registry.closing.aborted)
        throw problem.unavailable('server_stopping', 'The service is restarting. Please try again.')
      try {
        await deps.perMinute.take(question.userId)
      } catch (refusal) {
        const repeated = await repeatOf(question)
        if (repeated === undefined) throw refusal
        return repeated
      }
      const { runId, isRepeat } = await begin(question)
      if (isRepeat) await deps.perMinute.giveBack(question.userId)
      return runId
    },
  }
}

/** runActive is the refusal of what must wait until the conversation is answered. */
export const runActive = (runId: string) =>
  problem.conflict('run_active', 'The advisor is still answering in this conversation.', { run_id: runId })

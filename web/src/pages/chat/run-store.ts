import type { QuestionInput, Remake } from '../../api/chat.ts'
import { Problem } from '../../api/problem.ts'
import { followRun } from './follow-run.ts'
import { afterEvent, isOver, newRunView, type RunView } from './run-view.ts'

type RunStoreParts = {
  ask: (question: QuestionInput, signal: AbortSignal) => Promise<Response>
  remake: (
    remake: Remake,
    body: { content?: string; client_message_id: string },
    signal: AbortSignal,
  ) => Promise<Response>
  runEvents: (runId: string, afterSeq: number, signal: AbortSignal) => Promise<Response>
  stop: (runId: string) => Promise<void>
  /** Called once a run that this tab has started stands in its conversation. */
  began: (sessionId: string, businessId: string) => void
  /** Called once a run is over and its answer is stored; the view is kept until it resolves. */
  afterRun: (view: RunView, businessId: string) => Promise<void>
  newKey: () => string
  wait: (ms: number) => Promise<void>
}

/** Place is where a run is shown: a conversation, or the page for a new one of a business. */
export type Place = { businessId: string; sessionId: string | undefined }

type PlaceInSession = Place & { sessionId: string }
type OnSession = (id: string) => void
type Start = Pick<RunView, 'question' | 'remake'> & { clientMessageId?: string | undefined }

/** RunStore holds the runs that are shown live, one a conversation, so that they go on while other pages are open. */
export type RunStore = ReturnType<typeof createRunStore>

const keyOf = ({ businessId, sessionId }: Place) => sessionId ?? `new ${businessId}`

/** createRunStore makes the store; everything it needs of the outside comes in. */
export function createRunStore({ ask, remake, runEvents, stop, began, afterRun, newKey, wait }: RunStoreParts) {
  const views = new Map<string, RunView>()
  const aborts = new Map<string, AbortController>()
  const listeners = new Set<() => void>()

  const changed = () => {
    for (const listener of listeners) listener()
  }

  /** Follows a run whose stream is open; `place` moves when a new conversation gets its id. */
  async function follow(place: Place, first: Response, abort: AbortController, onSession?: OnSession) {
    let key = keyOf(place)
    const current = () => views.get(key)
    const put = (view: RunView) => {
      views.set(key, view)
      changed()
    }
    const seen = await followRun({
      first,
      reopen: () => {
        const view = current()
        // Without an id there is nothing to go on with; the answer, if any, will be in the list.
        if (!view?.runId) throw new Problem({ status: 404 })
        return runEvents(view.runId, view.lastSeq, abort.signal)
      },
      onEvent: (event) => {
        const view = current()
        if (!view || aborts.get(key) !== abort) return
        const next = afterEvent(view, event)
        const isOwn = view.question !== undefined || view.remake !== undefined
        if (isOwn && next.sessionId !== undefined && next.userMessageId !== view.userMessageId)
          began(next.sessionId, place.businessId)
        if (next.sessionId !== undefined && next.sessionId !== key) {
          views.delete(key)
          aborts.delete(key)
          key = next.sessionId
          aborts.set(key, abort)
          put(next)
          onSession?.(key)
        } else if (next !== view) put(next)
      },
      onLost: () => {
        const view = current()
        if (view && !isOver(view.phase)) put({ ...view, phase: 'reconnecting' })
      },
      wait,
      signal: abort.signal,
    })
    const view = current()
    if (!view || abort.signal.aborted || aborts.get(key) !== abort) return
    if (!seen) put({ ...view, phase: 'failed', failure: { message: undefined } })
    await afterRun(current() ?? view, place.businessId)
    // A run that ended well is now in the stored messages; a failure stays in sight until the next question.
    if (current()?.phase !== 'failed' && aborts.get(key) === abort) {
      views.delete(key)
      aborts.delete(key)
      changed()
    }
  }

  /** Starts a run and follows it. What is sent on purpose has an id of its own; only a retry brings the id of what it repeats. */
  async function begin(
    place: Place,
    { question, remake: target, clientMessageId = newKey() }: Start,
    onSession?: OnSession,
  ) {
    const key = keyOf(place)
    const before = views.get(key)
    if (before && !isOver(before.phase)) return
    const view = newRunView({ question, remake: target, clientMessageId, sessionId: place.sessionId, runId: undefined })
    const abort = new AbortController()
    aborts.set(key, abort)
    views.set(key, view)
    changed()
    let response: Response
    try {
      response = await open(place, view, abort.signal)
    } catch (cause) {
      if (abort.signal.aborted) return
      views.set(key, { ...view, phase: 'failed', failure: { message: undefined, cause } })
      changed()
      return
    }
    if (abort.signal.aborted) return
    const runId = response.headers.get('x-run-id') ?? undefined
    views.set(key, { ...view, runId })
    await follow(place, response, abort, onSession)
  }

  function open(place: Place, view: RunView, signal: AbortSignal): Promise<Response> {
    const { question, remake: target, clientMessageId: client_message_id } = view
    if (target)
      return remake(target, { client_message_id, ...(question !== undefined && { content: question }) }, signal)
    const { businessId: business_id, sessionId: session_id } = place
    const content = question ?? ''
    return ask({ content, business_id, client_message_id, ...(session_id !== undefined && { session_id }) }, signal)
  }

  return {
    /** get is the run shown at a place, if any. */
    get: (place: Place): RunView | undefined => views.get(keyOf(place)),
    subscribe(listener: () => void): () => void {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    /** ask sends a message and follows the answer. `onSession` hears the id of a conversation that was made for it. */
    ask(place: Place, content: string, onSession: OnSession): Promise<void> {
      return begin(place, { question: content }, onSession)
    },
    /** remake has a stored answer made anew, or a stored message sent another way, as `question` says it, and follows the answer. */
    remake(place: PlaceInSession, target: Remake, question?: string): Promise<void> {
      return begin(place, { question, remake: target })
    },
    /**
     * again repeats what failed. What got no answer from the server keeps its id, so that it is done once. A question that
     * the server has stored is answered anew, so that it stands there once.
     */
    async again(place: Place, onSession: OnSession): Promise<void> {
      const failed = views.get(keyOf(place))
      if (failed?.phase !== 'failed') return
      const { question, userMessageId, remake: target } = failed
      if (place.sessionId !== undefined && userMessageId !== undefined)
        await begin(place, { question: undefined, remake: { kind: 'regenerate', messageId: userMessageId } })
      else if (question !== undefined || target) {
        const clientMessageId = failed.runId === undefined ? failed.clientMessageId : undefined
        await begin(place, { question, remake: target, clientMessageId }, onSession)
      }
    },
    /** resume follows a run that was found under way, from its start, unless it is followed already. */
    async resume(place: PlaceInSession, runId: string): Promise<void> {
      const key = keyOf(place)
      const before = views.get(key)
      if (before && (!isOver(before.phase) || (before.runId === runId && before.phase !== 'failed'))) return
      const abort = new AbortController()
      aborts.set(key, abort)
      views.set(key, newRunView({ question: undefined, clientMessageId: newKey(), sessionId: place.sessionId, runId }))
      changed()
      let response: Response
      try {
        response = await runEvents(runId, 0, abort.signal)
      } catch {
        // Whatever is known of the run is in the stored messages.
        if (aborts.get(key) === abort) {
          views.delete(key)
          aborts.delete(key)
          changed()
        }
        return
      }
      await follow(place, response, abort)
    },
    /** stop ends the run shown at a place; its stream then says so itself. */
    async stop(place: Place): Promise<void> {
      const runId = views.get(keyOf(place))?.runId
      if (runId !== undefined) await stop(runId)
    },
    /** clear forgets everything, when the person leaves. */
    clear(): void {
      for (const abort of aborts.values()) abort.abort()
      aborts.clear()
      views.clear()
      changed()
    },
  }
}

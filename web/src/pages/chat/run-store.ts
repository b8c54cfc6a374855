import type { QuestionInput } from '../../api/chat.ts'
import { Problem } from '../../api/problem.ts'
import { followRun } from './follow-run.ts'
import { afterEvent, isOver, newRunView, type RunView } from './run-view.ts'

type RunStoreParts = {
  ask: (question: QuestionInput, signal: AbortSignal) => Promise<Response>
  runEvents: (runId: string, afterSeq: number, signal: AbortSignal) => Promise<Response>
  stop: (runId: string) => Promise<void>
  /** Called once a run is over and its answer is stored; the view is kept until it resolves. */
  afterRun: (view: RunView, businessId: string) => Promise<void>
  newKey: () => string
  wait: (ms: number) => Promise<void>
}

/** Place is where a run is shown: a conversation, or the page for a new one of a business. */
export type Place = { businessId: string; sessionId: string | undefined }

/** RunStore holds the runs that are shown live, one a conversation, so that they go on while other pages are open. */
export type RunStore = ReturnType<typeof createRunStore>

const keyOf = ({ businessId, sessionId }: Place) => sessionId ?? `new ${businessId}`

/** createRunStore makes the store; everything it needs of the outside comes in. */
export function createRunStore({ ask, runEvents, stop, afterRun, newKey, wait }: RunStoreParts) {
  const views = new Map<string, RunView>()
  const aborts = new Map<string, AbortController>()
  const listeners = new Set<() => void>()

  const changed = () => {
    for (const listener of listeners) listener()
  }

  /** Follows a run whose stream is open; `place` moves when a new conversation gets its id. */
  async function follow(place: Place, first: Response, abort: AbortController, onSession?: (id: string) => void) {
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

  return {
    /** get is the run shown at a place, if any. */
    get: (place: Place): RunView | undefined => views.get(keyOf(place)),
    subscribe(listener: () => void): () => void {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    /** ask sends a message and follows the answer. `onSession` hears the id of a conversation that was made for it. A retry of a question that got no answer from the server keeps its id, so it is asked once. */
    async ask(place: Place, content: string, onSession: (id: string) => void): Promise<void> {
      const key = keyOf(place)
      const before = views.get(key)
      if (before && !isOver(before.phase)) return
      const isRetry = before?.phase === 'failed' && before.runId === undefined && before.question === content
      const view = newRunView({
        question: content,
        clientMessageId: isRetry ? before.clientMessageId : newKey(),
        sessionId: place.sessionId,
        runId: undefined,
      })
      const abort = new AbortController()
      aborts.set(key, abort)
      views.set(key, view)
      changed()
      let response: Response
      try {
        response = await ask(
          {
            content,
            business_id: place.businessId,
            client_message_id: view.clientMessageId,
            ...(place.sessionId !== undefined && { session_id: place.sessionId }),
          },
          abort.signal,
        )
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
    },
    /** resume follows a run that was found under way, from its start, unless it is followed already. */
    async resume(place: Place & { sessionId: string }, runId: string): Promise<void> {
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

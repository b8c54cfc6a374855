import { z } from 'zod'
import type { StartEvent } from './start-event.ts'
import { WorkflowProblem } from './workflow-answer.ts'

/** WorkflowServerAddress names a workflow on a running WorkflowServer; `apiKey` goes along as a bearer token. */
export type WorkflowServerAddress = { url: string; workflow: string; apiKey: string | undefined }

/** ClientLimits are the bounds of single requests. */
export type ClientLimits = {
  /** Until the start of a run, or its event stream, is answered. */
  answerMs: number
  /** For a request to cancel. */
  cancelMs: number
}

/** StreamGone says that there was no answer, or no more of one, though the run may go on; asking again may help. */
export class StreamGone extends Error {
  readonly mayComeBack: boolean
  constructor(message: string, options: { mayComeBack: boolean } = { mayComeBack: true }) {
    super(message)
    this.name = 'StreamGone'
    this.mayComeBack = options.mayComeBack
  }
}

/** WorkflowClient speaks the HTTP interface of a LlamaIndex WorkflowServer (llama-agents-server 0.8). */
export type WorkflowClient = ReturnType<typeof createWorkflowClient>

const handler = z.object({ handler_id: z.string().regex(/^[\w-]{1,100}$/) })
const ANSWER_BYTES = 64 * 1024

/** createWorkflowClient makes the WorkflowClient. Messages of its errors hold no text of the server's, which quotes what it was sent. */
export function createWorkflowClient(address: WorkflowServerAddress, limits: ClientLimits) {
  const authorization = address.apiKey === undefined ? {} : { authorization: `Bearer ${address.apiKey}` }

  async function request(path: string, init: RequestInit & { signal: AbortSignal }): Promise<Response> {
    try {
      return await fetch(`${address.url}${path}`, {
        ...init,
        headers: { ...authorization, ...init.headers },
        // Who moves a run elsewhere would get the conversation and the key.
        redirect: 'error',
      })
    } catch (error) {
      if (init.signal.aborted) throw init.signal.reason
      throw new StreamGone(`the workflow server cannot be reached (${networkCode(error)})`)
    }
  }

  return {
    /**
     * start begins a run and answers the id it goes by there, `id` unless the server chose another. The same `id` again
     * joins the run that it has started.
     */
    async start(
      id: string,
      startEvent: StartEvent,
      options: { signal: AbortSignal; headers: Record<string, string> },
    ): Promise<string> {
      const response = await request(`/workflows/${encodeURIComponent(address.workflow)}/run-nowait`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json', ...options.headers },
        body: JSON.stringify({ handler_id: id, start_event: startEvent }),
        signal: AbortSignal.any([options.signal, AbortSignal.timeout(limits.answerMs)]),
      })
      const text = await readWhole(response)
      if (response.status === 409) return id
      if (response.status !== 200) throw refusal(response, address)
      const started = handler.safeParse(parsedJson(text))
      if (!started.success) throw new WorkflowProblem('model_unavailable', 'the workflow server answered no handler')
      return started.data.handler_id
    },

    /** events opens the event stream of a run after the event with that sequence number; -1 is the beginning. */
    async events(id: string, after: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
      // The time limit is for the headers; what follows may take as long as the run.
      const waiting = new AbortController()
      const timer = setTimeout(
        () => waiting.abort(new StreamGone('the workflow server does not answer')),
        limits.answerMs,
      )
      try {
        const query = new URLSearchParams({ sse: 'true', include_qualified_name: 'false', after_sequence: after })
        const response = await request(`/events/${id}?${query}`, {
          headers: { accept: 'text/event-stream' },
          signal: AbortSignal.any([signal, waiting.signal]),
        })
        if (response.status === 200 && response.body) return response.body
        await response.body?.cancel()
        // 204: the run is over, without an end. 404: the server has lost it. Only one in trouble is asked again.
        const mayComeBack = response.status >= 500
        throw new StreamGone(`the event stream answered HTTP ${response.status}`, { mayComeBack })
      } finally {
        clearTimeout(timer)
      }
    },

    /** forget cancels a run and has the server delete what it keeps of it; a run that is not there is forgotten. */
    async forget(id: string): Promise<void> {
      const response = await request(`/handlers/${id}/cancel?purge=true`, {
        method: 'POST',
        signal: AbortSignal.timeout(limits.cancelMs),
      })
      await response.body?.cancel()
      if (response.status !== 200 && response.status !== 404)
        throw new WorkflowProblem('internal', `cancelling a workflow answered HTTP ${response.status}`)
    },
  }
}

function refusal(response: Response, address: WorkflowServerAddress): Error {
  const { status } = response
  const hint =
    status === 401 || status === 403
      ? ' (check AGENT_WORKFLOW_API_KEY)'
      : status === 404
        ? ` (check AGENT_WORKFLOW_URL, and that there is a workflow "${address.workflow}")`
        : status === 400 || status === 422
          ? ' (it does not take user_msg, chat_history and business_context; see docs/guides/llamaindex.md)'
          : ''
  const message = `the workflow server answered HTTP ${status}${hint}`
  if (status === 429) {
    const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
    const retryAfterSeconds = Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : undefined
    return new WorkflowProblem('model_rate_limited', message, { retryAfterSeconds })
  }
  return status >= 500 ? new StreamGone(message) : new WorkflowProblem('model_unavailable', message)
}

async function readWhole(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > ANSWER_BYTES) throw new WorkflowProblem('model_unavailable', 'the workflow server answered too much')
    text += decoder.decode(chunk, { stream: true })
  }
  return text
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function networkCode(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') return at.code
  }
  return 'no connection'
}

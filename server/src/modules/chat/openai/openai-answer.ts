import { z } from 'zod'
import { Problem } from '../../../platform/errors.ts'
import type { RunEvent, RunFinished } from '../run-events.ts'
import type { RunFormat } from '../send-run.ts'
import { toOpenAiError } from './openai-error.ts'

/** ADVISOR_MODEL is what the advisor is called where a client wants the name of a model. */
export const ADVISOR_MODEL = 'tangga'

const usage = z.object({ prompt_tokens: z.int(), completion_tokens: z.int(), total_tokens: z.int() })
const common = { id: z.string(), created: z.int(), model: z.literal(ADVISOR_MODEL) }

/** openAiCompletion is a whole answer. */
export const openAiCompletion = z
  .object({
    ...common,
    object: z.literal('chat.completion'),
    choices: z.array(
      z.object({
        index: z.literal(0),
        message: z.object({ role: z.literal('assistant'), content: z.string(), refusal: z.null() }),
        logprobs: z.null(),
        finish_reason: z.literal('stop'),
      }),
    ),
    usage,
  })
  .meta({ id: 'OpenAiCompletion' })

const chunk = z.object({
  ...common,
  object: z.literal('chat.completion.chunk'),
  choices: z.array(
    z.object({
      index: z.literal(0),
      delta: z.object({ role: z.literal('assistant').optional(), content: z.string().optional() }),
      logprobs: z.null(),
      finish_reason: z.literal('stop').nullable(),
    }),
  ),
  usage: usage.nullable().optional().describe('with `stream_options.include_usage`, on the last chunk'),
})

/** openAiChunk is the JSON of one `data` line of a streamed answer. */
export const openAiChunk = z
  .union([
    chunk,
    z.object({
      error: z.object({ message: z.string(), type: z.string(), param: z.null(), code: z.string() }),
    }),
  ])
  .meta({ id: 'OpenAiChunk' })

type Chunk = z.infer<typeof chunk>

const usageOf = ({ usage: { inputTokens, outputTokens } }: RunFinished) => ({
  prompt_tokens: inputTokens,
  completion_tokens: outputTokens,
  total_tokens: inputTokens + outputTokens,
})

// A UUIDv7 begins with the milliseconds in which it was made, so a run is told the same whenever it is told.
const secondsOf = (runId: string) => Math.floor(Number.parseInt(runId.slice(0, 8) + runId.slice(9, 13), 16) / 1000)

const headOf = (runId: string) =>
  ({ id: `chatcmpl-${runId}`, created: secondsOf(runId), model: ADVISOR_MODEL }) as const

/** completionOf is a run that has ended as one whole answer. */
export function completionOf(finished: RunFinished): z.infer<typeof openAiCompletion> {
  return {
    ...headOf(finished.runId),
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: finished.text, refusal: null },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: usageOf(finished),
  }
}

/** runProblem is the refusal that a failed run amounts to, where nothing of its answer was sent yet. */
export function runProblem({ code, message }: { code: string; message: string }): Problem {
  const status = code === 'model_rate_limited' ? 429 : code.endsWith('_timeout') ? 504 : code === 'internal' ? 500 : 503
  // The message is stored, and asking again would store it twice.
  return new Problem(status, code, message, { headers: { 'x-should-retry': 'false' } })
}

/**
 * createOpenAiFormat tells one reader of a run in chunks of the OpenAI interface. What the advisor looked up is not told: a
 * client would take a tool call for one that it must execute.
 */
export function createOpenAiFormat(runId: string, { includeUsage }: { includeUsage: boolean }): RunFormat {
  const told = (choices: Chunk['choices'], total: Chunk['usage'] = null): string => {
    const line: Chunk = { ...headOf(runId), object: 'chat.completion.chunk', choices }
    return JSON.stringify(includeUsage ? { ...line, usage: total } : line)
  }
  const said = (delta: Chunk['choices'][number]['delta'], finish_reason: 'stop' | null = null) =>
    told([{ index: 0, delta, logprobs: null, finish_reason }])

  function linesOf(event: RunEvent): string[] {
    switch (event.type) {
      case 'RunStarted':
        return [said({ role: 'assistant', content: '' })]
      case 'AgentStream':
        return [said({ content: event.delta })]
      case 'RunFinished':
        return [said({}, 'stop'), ...(includeUsage ? [told([], usageOf(event))] : []), '[DONE]']
      case 'RunFailed':
        return [JSON.stringify(toOpenAiError(runProblem(event))), '[DONE]']
      default:
        return []
    }
  }

  return { write: (writer, { event }) => linesOf(event).every((line) => writer.sendData(line)) }
}

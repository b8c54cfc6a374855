import { type AgentEvent, estimatedTokens, type HistoryMessage, type Usage } from '../../agent/index.ts'

/** ANSWER_ROOM is how many tokens of an answer are held ready at a time; a longer one reserves more as it grows. */
export const ANSWER_ROOM = 1_000

// So much is asked for before it is used, so that a piece of text does not outrun what is reserved.
const AHEAD = 250

/** PromptSize is what an engine sends: instructions, data and tools in every step, and the most in one step. */
export type PromptSize = { frameTokens: number; promptTokens: number }

/** usualPrompt is what an engine is taken to send that does not say. */
export const usualPrompt: PromptSize = { frameTokens: 3_000, promptTokens: 16_000 }

/**
 * RunMeter estimates what a run uses while it is made, erring on the high side: every step sends the whole prompt and
 * what came of the steps before, and every tool call is taken for a step of its own.
 */
export type RunMeter = {
  /** begin counts the first prompt. */
  begin(input: { history: readonly HistoryMessage[]; message: string }): void
  /** take counts what the engine says; the prompt that follows a tool's result is counted when the run proceeds. */
  take(event: AgentEvent): void
  /** proceed counts the next prompt, which the model is about to be sent. */
  proceed(): void
  readonly spent: Usage
  /** What must be reserved for the run to go on: what it has used and room for what comes next. */
  readonly needed: number
}

/** promptEstimate is what the first step of a run is taken to send; `historyTokens` is what was said before. */
export function promptEstimate(
  size: PromptSize,
  { historyTokens, message }: { historyTokens: number; message: string },
) {
  return Math.min(size.frameTokens + historyTokens + estimatedTokens(message), size.promptTokens)
}

/** createRunMeter makes the meter of one run. */
export function createRunMeter(size: PromptSize): RunMeter {
  let prompt = 0
  let inputTokens = 0
  let outputTokens = 0
  let roomFrom = 0
  // A prompt that is not sent yet, with all that came since the one before.
  let isDue = false
  const sent = () => Math.min(prompt, size.promptTokens)

  return {
    begin({ history, message }) {
      let historyTokens = 0
      for (const turn of history)
        historyTokens += estimatedTokens(turn.content) + (turn.toolCalls ? textTokens(turn.toolCalls) : 0)
      prompt = promptEstimate(size, { historyTokens, message })
      isDue = true
    },
    take(event) {
      if (event.type === 'AgentStream') {
        const tokens = estimatedTokens(event.delta)
        outputTokens += tokens
        prompt += tokens
      } else if (event.type === 'ToolCall') {
        const tokens = textTokens([event.tool, event.args])
        outputTokens += tokens
        prompt += tokens
      } else if (event.type === 'ToolCallResult') {
        prompt += textTokens(event.output)
        roomFrom = outputTokens
        isDue = true
      }
    },
    proceed() {
      if (isDue) inputTokens += sent()
      isDue = false
    },
    get spent() {
      return { inputTokens, outputTokens }
    },
    get needed() {
      const rooms = Math.ceil((outputTokens - roomFrom + AHEAD) / ANSWER_ROOM)
      return inputTokens + (isDue ? sent() : 0) + roomFrom + rooms * ANSWER_ROOM
    },
  }
}

const textTokens = (value: unknown) => estimatedTokens(JSON.stringify(value) ?? '')

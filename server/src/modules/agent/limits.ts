import type { Settings } from '../../platform/config.ts'

/** AgentLimits bound a run; tests make them small. */
export type AgentLimits = {
  /** Model steps that may call tools; one more is made without tools, to answer from what was found. */
  toolSteps: number
  /** Tool calls that are executed of one step; the rest are refused. */
  callsPerStep: number
  /** A whole run. */
  runMs: number
  /** One answer of the model, from asking to its end. */
  stepMs: number
  /** From asking the model to the first sign of an answer. */
  firstTokenMs: number
  /** The longest silence inside an answer. */
  stallMs: number
  /** One tool execution. */
  toolMs: number
  /** How long the owner may take to decide on an approval; it counts against none of the other limits. */
  approvalMs: number
  /** How often a decision that may have come in at another instance is looked for. */
  approvalPollMs: number
  /** Deltas that arrive within this time of each other are passed on as one. */
  coalesceMs: number
  /** Characters of text, reasoning and tool arguments that one model step may send. */
  stepCharacters: number
  /** Estimated tokens of everything that is sent with one request, tool descriptions included. */
  promptTokens: number
  /** Attempts to get a first token of one model; a second one is made only when it is quick. */
  attempts: number
  /** Pause before another attempt when the model server named none. */
  retryMs: number
  /** The longest pause that a model server may ask for and still get another attempt. */
  longestRetryMs: number
  /** How long a model that could not be used is asked only after the others. */
  restMs: number
  /** One summary of what fell out of a conversation. */
  summaryMs: number
}

/** defaultLimits are the bounds of a running service. */
export const defaultLimits: AgentLimits = {
  toolSteps: 8,
  callsPerStep: 8,
  runMs: 300_000,
  stepMs: 180_000,
  firstTokenMs: 60_000,
  stallMs: 30_000,
  toolMs: 15_000,
  approvalMs: 600_000,
  approvalPollMs: 1_000,
  coalesceMs: 30,
  stepCharacters: 100_000,
  promptTokens: 16_000,
  attempts: 2,
  retryMs: 250,
  longestRetryMs: 2_000,
  restMs: 30_000,
  summaryMs: 60_000,
}

/** LimitSettings are the limits that can be set. */
export type LimitSettings = Pick<
  Settings,
  'llmFirstTokenSeconds' | 'llmStallSeconds' | 'llmStepSeconds' | 'llmRunSeconds' | 'llmPromptTokens'
>

/** limitsOf reads those limits that can be set; a setting that is not there leaves the default. */
export function limitsOf(settings: Partial<LimitSettings>): AgentLimits {
  const ms = (seconds: number | undefined, fallback: number) => (seconds === undefined ? fallback : seconds * 1000)
  return {
    ...defaultLimits,
    firstTokenMs: ms(settings.llmFirstTokenSeconds, defaultLimits.firstTokenMs),
    stallMs: ms(settings.llmStallSeconds, defaultLimits.stallMs),
    stepMs: ms(settings.llmStepSeconds, defaultLimits.stepMs),
    runMs: ms(settings.llmRunSeconds, defaultLimits.runMs),
    promptTokens: settings.llmPromptTokens ?? defaultLimits.promptTokens,
  }
}

/** Usage counts the tokens of a run, as the model server reported them; 0 where it did not. */
export type Usage = { inputTokens: number; outputTokens: number }

/** HistoryMessage is an earlier turn of the conversation, oldest first. */
export type HistoryMessage = {
  role: 'user' | 'assistant'
  content: string
  toolCalls?: { callId: string; tool: string; args: unknown; ok: boolean; output: unknown }[]
}

/** RunContext is who a run is for. It comes from the server alone; no tool and no model can name another. */
export type RunContext = {
  runId: string
  userId: string
  userName: string
  locale: 'en' | 'id'
  business: {
    id: string
    name: string
    stage: string
    category: string
    description: string | null
    primaryGoal: string | null
    targetMarket: string | null
    timeZone: string
    currency: string
  }
}

/** RememberedFact is something that the advisor remembers of a business, since the day it got its present words. */
export type RememberedFact = { content: string; kind: 'business' | 'owner'; updatedAt: Date }

/**
 * RunInput is what an engine needs to make one answer. `facts` come newest first. `history` does not contain `message`;
 * `summary` is what was said in the conversation before `history` begins, where there is such a summary.
 */
export type RunInput = {
  context: RunContext
  facts: readonly RememberedFact[]
  history: HistoryMessage[]
  message: string
  summary?: string
}

/** ApprovalPreview shows a person what a tool would do: a sentence, and each value before and after (null: none). */
export type ApprovalPreview = {
  summary: string
  changes: { label: string; before: string | null; after: string | null }[]
}

/** ApprovalDecision is what became of a question to the owner; `expired` when they did not answer in time. */
export type ApprovalDecision = 'approved' | 'denied' | 'expired'

/**
 * Earned is what a run brought the business: points, a level, an achievement, as the live feed of the game tells it. An engine
 * yields it between a tool's call and its result.
 */
export type Earned =
  | {
      type: 'PointsEarned'
      eventId: string
      businessId: string
      eventType: string
      points: number
      totalPoints: number
    }
  | { type: 'LevelReached'; businessId: string; level: { id: string; name: string } }
  | {
      type: 'AchievementUnlocked'
      businessId: string
      achievement: { id: string; title: string; badgeIcon: string | null }
    }

/**
 * AgentEvent is the vocabulary of a run, named as LlamaIndex agent workflows name it. Deltas joined are the answer:
 * `AgentOutput.text` is exactly the `AgentStream.delta`s so far, in order.
 */
export type AgentEvent =
  | { type: 'AgentInput'; message: string }
  | { type: 'AgentStream'; delta: string }
  /** `label` is a short sentence for the person who waits, in their language. */
  | { type: 'ToolCall'; callId: string; tool: string; args: unknown; label: string }
  /** The run waits until the owner has decided, which `token` is needed for, or until `expiresAt` (ISO 8601). */
  | {
      type: 'ApprovalRequired'
      approvalId: string
      callId: string
      tool: string
      preview: ApprovalPreview
      expiresAt: string
      token: string
    }
  | { type: 'ApprovalDecided'; approvalId: string; callId: string; tool: string; decision: ApprovalDecision }
  | { type: 'ToolCallResult'; callId: string; tool: string; ok: boolean; output: unknown; label: string }
  | Earned
  /** `model` names the model that gave the answer, where several may. */
  | { type: 'AgentOutput'; text: string; usage: Usage; model?: string }

/**
 * AgentFailure ends a run that could not be finished: `code` is stable (`model_unavailable`, `model_rate_limited`,
 * `model_interrupted`, `model_timeout`, `step_limit`, `run_timeout`, `internal`), `message` is safe to show to a person.
 */
export class AgentFailure extends Error {
  readonly code: string
  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'AgentFailure'
    this.code = code
  }
}

/**
 * AgentEngine makes answers. `run` yields `AgentInput` first and `AgentOutput` last; a run that fails throws
 * AgentFailure after what it had to say; an abort of `signal` ends it promptly (it throws `signal.reason`) and closes
 * the upstream connection.
 */
export type AgentEngine = {
  /** What `/health` names: `offline` or the model's name. */
  readonly name: string
  /** What instructions, data about the business and tools cost in every step, in estimated tokens; tools come and go. */
  readonly frameTokens?: number
  /** The most that is sent in one step, in estimated tokens. */
  readonly promptTokens?: number
  run(input: RunInput, signal: AbortSignal): AsyncIterable<AgentEvent>
}

/** AgentLimits bound a run; tests make them small. */
export type AgentLimits = {
  /** Model steps that may call tools; one more is made without tools, to answer from what was found. */
  toolSteps: number
  /** Tool calls that are executed of one step; the rest are refused. */
  callsPerStep: number
  /** A whole run. */
  runMs: number
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
  /** Estimated tokens of history and message together. */
  historyTokens: number
  /** Attempts to get a first token; a second one is made only when it is quick. */
  attempts: number
  /** Pause before another attempt when the model server named none. */
  retryMs: number
  /** The longest pause that a model server may ask for and still get another attempt. */
  longestRetryMs: number
}

/** defaultLimits are the bounds of a running service. */
export const defaultLimits: AgentLimits = {
  toolSteps: 8,
  callsPerStep: 8,
  runMs: 300_000,
  firstTokenMs: 60_000,
  stallMs: 30_000,
  toolMs: 15_000,
  approvalMs: 600_000,
  approvalPollMs: 1_000,
  coalesceMs: 30,
  stepCharacters: 100_000,
  historyTokens: 8_000,
  attempts: 2,
  retryMs: 250,
  longestRetryMs: 2_000,
}

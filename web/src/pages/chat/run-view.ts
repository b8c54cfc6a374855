import { isKnownEvent, type ServerEvent } from '@tangga/client'
import type { Remake } from '../../api/chat.ts'

/** ToolActivity is one use of a tool as it is seen while it happens. */
export type ToolActivity = {
  callId: string
  tool: string
  args: unknown
  state: 'running' | 'done' | 'failed'
  output?: unknown
  /** The server's sentence for a person. */
  message?: string
  /** What the person was asked to agree to before it is done. */
  approval?: Approval
}

/** Approval is a question to the person; without a `decision` the run waits for one. */
export type Approval = {
  approvalId: string
  summary: string
  changes: readonly { label: string; before: string | null; after: string | null }[]
  /** ISO 8601. */
  expiresAt: string
  token: string
  decision?: 'approved' | 'denied' | 'expired'
}

/** Reward is what a run earned; for levels and achievements `name` says which. */
export type Reward = { kind: 'points'; points: number } | { kind: 'level_up' | 'achievement'; name: string }

/** RunPhase is how far a run is; `failed` holds why, everything after `answering` and `reconnecting` is final. */
export type RunPhase = 'waiting' | 'answering' | 'reconnecting' | 'complete' | 'stopped' | 'interrupted' | 'failed'

/** RunView is a run as the page shows it, built from the events of its stream. */
export type RunView = {
  /** What was asked; undefined when it stands in the conversation already. */
  question: string | undefined
  /** The stored message that it takes the place of. */
  remake?: Remake | undefined
  clientMessageId: string
  sessionId: string | undefined
  sessionTitle?: string | undefined
  runId: string | undefined
  userMessageId?: string | undefined
  messageId?: string | undefined
  /** The number of the last event taken in, to go on from after a lost connection. */
  lastSeq: number
  text: string
  tools: readonly ToolActivity[]
  rewards: readonly Reward[]
  phase: RunPhase
  failure?: { message: string | undefined; cause?: unknown } | undefined
}

/** newRunView is a run of which nothing has been heard yet. */
export function newRunView(
  start: Pick<RunView, 'question' | 'remake' | 'clientMessageId' | 'sessionId' | 'runId'>,
): RunView {
  return { ...start, lastSeq: 0, text: '', tools: [], rewards: [], phase: 'waiting' }
}

/** isOver says that nothing more will come of a run. */
export function isOver(phase: RunPhase): boolean {
  return phase === 'complete' || phase === 'stopped' || phase === 'interrupted' || phase === 'failed'
}

/** afterEvent is the view after one more event. An event seen before (a resumed stream may repeat some) and one of an unknown type change nothing. */
export function afterEvent(view: RunView, event: ServerEvent): RunView {
  const seq = Number(event.id ?? Number.NaN)
  if (seq <= view.lastSeq || isOver(view.phase)) return view
  const seen: RunView = { ...view, lastSeq: Number.isNaN(seq) ? view.lastSeq : seq }
  if (seen.phase === 'reconnecting') seen.phase = 'answering'
  if (!isKnownEvent(event)) return seen

  switch (event.type) {
    case 'session_created':
      return { ...seen, sessionId: event.data, sessionTitle: event.message }
    case 'run_started':
      return {
        ...seen,
        runId: event.data.run_id,
        sessionId: event.data.session_id,
        userMessageId: event.data.user_message_id,
      }
    case 'token':
      return { ...seen, phase: 'answering', text: seen.text + event.data.text }
    case 'tool_start':
      return {
        ...seen,
        phase: 'answering',
        tools: [
          ...seen.tools,
          {
            callId: event.data.call_id,
            tool: event.data.tool,
            args: event.data.args,
            state: 'running',
            message: event.message,
          },
        ],
      }
    case 'tool_progress':
      return {
        ...seen,
        tools: withTool(seen.tools, event.data.call_id, event.message ? { message: event.message } : {}),
      }
    case 'tool_end':
      return {
        ...seen,
        tools: withTool(seen.tools, event.data.call_id, {
          state: event.data.ok ? 'done' : 'failed',
          output: event.data.output,
          ...(event.message && { message: event.message }),
        }),
      }
    case 'approval_required': {
      const { approval_id: approvalId, call_id: callId, preview, expires_at: expiresAt, token } = event.data
      return {
        ...seen,
        tools: withTool(seen.tools, callId, { approval: { approvalId, ...preview, expiresAt, token } }),
      }
    }
    case 'approval_decided': {
      const { call_id: callId, decision } = event.data
      const asked = seen.tools.find((tool) => tool.callId === callId)?.approval
      return asked ? { ...seen, tools: withTool(seen.tools, callId, { approval: { ...asked, decision } }) } : seen
    }
    case 'points':
      return { ...seen, rewards: [...seen.rewards, { kind: 'points', points: event.data.points }] }
    case 'level_up':
      return { ...seen, rewards: [...seen.rewards, { kind: 'level_up', name: event.data.level.name }] }
    case 'achievement':
      return { ...seen, rewards: [...seen.rewards, { kind: 'achievement', name: event.data.achievement.title }] }
    case 'error':
      return { ...seen, phase: 'failed', failure: { message: event.message }, tools: settled(seen.tools) }
    case 'done':
      return {
        ...seen,
        phase: event.data.status,
        text: event.data.full_text,
        messageId: event.data.message_id,
        sessionId: event.data.session_id,
        runId: event.data.run_id,
        tools: settled(seen.tools),
      }
  }
}

function withTool(tools: readonly ToolActivity[], callId: string, change: Partial<ToolActivity>): ToolActivity[] {
  return tools.map((tool) => (tool.callId === callId ? { ...tool, ...change } : tool))
}

/** settled marks tools that were still running when the run ended as failed: their end will never be told. */
function settled(tools: readonly ToolActivity[]): ToolActivity[] {
  return tools.map((tool) => (tool.state === 'running' ? { ...tool, state: 'failed' } : tool))
}

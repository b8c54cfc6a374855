import { z } from 'zod'

const toolCall = z.object({
  type: z.literal('ToolCall'),
  callId: z.string(),
  tool: z.string(),
  args: z.unknown(),
  label: z.string(),
})

const toolCallResult = z.object({
  type: z.literal('ToolCallResult'),
  callId: z.string(),
  tool: z.string(),
  ok: z.boolean(),
  output: z.unknown(),
  label: z.string().optional(),
})

const pointsEarned = z.object({
  type: z.literal('PointsEarned'),
  eventId: z.string(),
  businessId: z.string(),
  eventType: z.string(),
  points: z.int(),
  totalPoints: z.int(),
})

const levelReached = z.object({
  type: z.literal('LevelReached'),
  businessId: z.string(),
  level: z.object({ id: z.string(), name: z.string() }),
})

const achievementUnlocked = z.object({
  type: z.literal('AchievementUnlocked'),
  businessId: z.string(),
  achievement: z.object({ id: z.string(), title: z.string(), badgeIcon: z.string().nullable() }),
})

/** approvalPreview is what a person sees of a tool call that they are asked to approve. */
export const approvalPreview = z
  .object({
    summary: z.string(),
    changes: z.array(z.object({ label: z.string(), before: z.string().nullable(), after: z.string().nullable() })),
  })
  .meta({ id: 'ApprovalPreview' })

/** approvalDecision is what became of an approval. */
export const approvalDecision = z.enum(['approved', 'denied', 'expired'])

const approval = { approvalId: z.string(), callId: z.string(), tool: z.string() }
const approvalEvents = [
  z.object({
    type: z.literal('ApprovalRequired'),
    ...approval,
    preview: approvalPreview,
    expiresAt: z.string(),
    token: z.string(),
  }),
  z.object({ type: z.literal('ApprovalDecided'), ...approval, decision: approvalDecision }),
] as const

/** recordedEvent is every event of a run that is stored as it is: all but the pieces of text and the end of a good run. */
export const recordedEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('SessionCreated'), sessionId: z.string(), title: z.string() }),
  z.object({
    type: z.literal('RunStarted'),
    runId: z.string(),
    sessionId: z.string(),
    userMessageId: z.string(),
    /** The answer that the run makes. */
    messageId: z.string(),
  }),
  toolCall,
  toolCallResult,
  pointsEarned,
  levelReached,
  achievementUnlocked,
  ...approvalEvents,
  z.object({ type: z.literal('RunFailed'), code: z.string(), message: z.string() }),
])

/** RecordedEvent is an event of a run that is stored as it is. */
export type RecordedEvent = z.infer<typeof recordedEvent>

const runFinished = z.object({
  type: z.literal('RunFinished'),
  runId: z.string(),
  sessionId: z.string(),
  messageId: z.string(),
  text: z.string(),
  usage: z.object({ inputTokens: z.int(), outputTokens: z.int() }),
  status: z.enum(['complete', 'stopped']),
})

/** RunFinished ends a run whose answer is stored whole, or up to where its owner stopped it. */
export type RunFinished = z.infer<typeof runFinished>

/** runEvent is every event of a run, as instances tell it to each other. */
export const runEvent = z.union([
  recordedEvent,
  z.object({ type: z.literal('AgentStream'), delta: z.string() }),
  runFinished,
])

/**
 * RunEvent is an entry of a run's log. The engine's words and tool calls keep the engine's names; around them stand the
 * beginning and the end of the run, which only the chat knows. Every wire format renders each of them as one event.
 */
export type RunEvent = z.infer<typeof runEvent>

/** isTerminal tells whether the event is the last of its run. */
export function isTerminal(event: RunEvent): boolean {
  return event.type === 'RunFinished' || event.type === 'RunFailed'
}

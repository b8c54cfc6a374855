import { z } from 'zod'
import { idSchema, oneLine, timestamp } from '../../platform/text.ts'
import type { MessageVersions } from './branches.ts'
import type { ChatFeedback } from './feedback-repository.ts'
import { messageText } from './message-text.ts'
import type { ChatMessage, ChatSession } from './repository.ts'
import { approvalDecision, approvalPreview } from './run-events.ts'
import { purgeTime } from './session-purge.ts'

const clientMessageId = z
  .string()
  .max(1000)
  .pipe(oneLine(1, 200))
  .nullish()
  .describe('makes a retry safe: the same one again joins the run that it started')

/** completionBody is what a message to the advisor is sent with. */
export const completionBody = z
  .object({
    content: messageText,
    session_id: idSchema.nullish().describe('the conversation to go on with; a new one is begun without it'),
    business_id: idSchema.nullish().describe('of the caller; their first business when left out'),
    client_message_id: clientMessageId,
  })
  .meta({ id: 'ChatCompletion' })

/** regenerateBody asks for another answer. */
export const regenerateBody = z.object({ client_message_id: clientMessageId }).meta({ id: 'ChatRegeneration' })

/** editBody puts a message another way. */
export const editBody = z.object({ content: messageText, client_message_id: clientMessageId }).meta({ id: 'ChatEdit' })

/** sessionDto is a conversation. */
export const sessionDto = z
  .object({
    id: z.uuid(),
    title: z.string(),
    business_id: z.uuid(),
    created_at: timestamp,
    updated_at: timestamp.describe('when it was last used'),
    pinned: z.literal(true).optional().describe('on those that their owner has pinned'),
    deleted_at: timestamp.optional().describe('on deleted ones'),
    purge_at: timestamp.optional().describe('on deleted ones: until then they can be restored, then they are erased'),
  })
  .meta({ id: 'ChatSession' })

/** toSessionDto is a conversation as the API shows it. */
export function toSessionDto(
  session: Pick<ChatSession, 'id' | 'title' | 'businessId' | 'createdAt' | 'updatedAt' | 'pinned'> &
    Partial<Pick<ChatSession, 'deletedAt'>>,
): z.infer<typeof sessionDto> {
  const { deletedAt } = session
  return {
    id: session.id,
    title: session.title,
    business_id: session.businessId,
    created_at: session.createdAt.toISOString(),
    updated_at: session.updatedAt.toISOString(),
    ...(session.pinned ? { pinned: true } : {}),
    ...(deletedAt ? { deleted_at: deletedAt.toISOString(), purge_at: purgeTime(deletedAt).toISOString() } : {}),
  }
}

/** storedToolCall is one tool execution, kept with the answer it served. */
export const storedToolCall = z
  .object({ call_id: z.string(), tool: z.string(), args: z.unknown(), ok: z.boolean(), output: z.unknown() })
  .meta({ id: 'ChatToolCall' })

/** givenFeedback is what an owner says of an answer, as it stands with the message. */
export const givenFeedback = z
  .object({ rating: z.enum(['up', 'down']), note: z.string().nullable() })
  .meta({ id: 'ChatMessageFeedback' })

/** messageDto is something that was said. */
export const messageDto = z
  .object({
    id: z.uuid(),
    session_id: z.uuid(),
    role: z.enum(['user', 'assistant']),
    content: z.string(),
    created_at: timestamp,
    status: z.enum(['complete', 'streaming', 'interrupted', 'stopped']),
    tool_calls: z.array(storedToolCall).optional(),
    run_id: z.uuid().optional().describe('on answers: the run that makes or made it; follow a streaming one by it'),
    version_count: z
      .int()
      .optional()
      .describe('where there is more than one: how many versions of this message there are, itself included'),
    feedback: givenFeedback.optional().describe('on answers: what their owner said of it'),
  })
  .meta({ id: 'ChatMessage' })

/** RatedMessage is a message with its versions, and with what its owner said of it, if anything. */
export type RatedMessage = MessageVersions & { feedback: ChatFeedback | undefined }

/** toMessageDto is something that was said, as the API shows it. */
export function toMessageDto(message: ChatMessage & Partial<RatedMessage>): z.infer<typeof messageDto> {
  const { id, sessionId, role, content, status, toolCalls, runId, versionCount = 1, feedback } = message
  return {
    id,
    session_id: sessionId,
    role,
    content,
    created_at: message.createdAt.toISOString(),
    status,
    ...(toolCalls ? { tool_calls: toolCalls } : {}),
    ...(role === 'assistant' && runId ? { run_id: runId } : {}),
    ...(versionCount > 1 ? { version_count: versionCount } : {}),
    ...(feedback ? { feedback: { rating: feedback.rating, note: feedback.note } } : {}),
  }
}

/** versionDto is a message among its versions. */
export const versionDto = messageDto
  .extend({ is_current: z.boolean().describe('whether the conversation is shown with this one') })
  .meta({ id: 'ChatMessageVersion' })

/** toVersionDto is a message among its versions, as the API shows it. */
export function toVersionDto(message: ChatMessage): z.infer<typeof versionDto> {
  return { ...toMessageDto(message), is_current: message.isCurrent }
}

/** runStatusDto says how a run stands. */
export const runStatusDto = z
  .object({ run_id: z.uuid(), status: z.enum(['complete', 'interrupted', 'stopped']) })
  .meta({ id: 'ChatRunStatus' })

/** decisionBody is an owner's decision on an approval. */
export const decisionBody = z
  .object({
    decision: z.enum(['approve', 'deny']),
    token: z.string().min(1).max(200).describe('from the `approval_required` event'),
  })
  .meta({ id: 'ApprovalDecision' })

/** decidedDto says what was decided. */
export const decidedDto = z
  .object({ run_id: z.uuid(), approval_id: z.uuid(), decision: z.enum(['approved', 'denied']) })
  .meta({ id: 'ApprovalDecided' })

const usage = z.object({ input_tokens: z.int(), output_tokens: z.int() })

/** streamEvent is the JSON of one `data` line of a run's stream. */
export const streamEvent = z
  .discriminatedUnion('type', [
    z.object({
      type: z.literal('session_created'),
      message: z.string().describe("the new session's title"),
      data: z.uuid().describe("the new session's id"),
    }),
    z.object({
      type: z.literal('run_started'),
      data: z.object({ run_id: z.uuid(), session_id: z.uuid(), user_message_id: z.uuid() }),
    }),
    z.object({ type: z.literal('token'), data: z.object({ text: z.string() }) }),
    z.object({
      type: z.literal('tool_start'),
      message: z.string(),
      data: z.object({ tool: z.string(), call_id: z.string(), args: z.unknown() }),
    }),
    z.object({
      type: z.literal('tool_end'),
      message: z.string().optional(),
      data: z.object({ tool: z.string(), call_id: z.string(), ok: z.boolean(), output: z.unknown() }),
    }),
    z.object({
      type: z.literal('points'),
      data: z.object({
        event_id: z.string(),
        business_id: z.string(),
        type: z.string(),
        points: z.int(),
        total_points: z.int(),
      }),
    }),
    z.object({
      type: z.literal('level_up'),
      data: z.object({ business_id: z.string(), level: z.object({ id: z.string(), name: z.string() }) }),
    }),
    z.object({
      type: z.literal('achievement'),
      data: z.object({
        business_id: z.string(),
        achievement: z.object({ id: z.string(), title: z.string(), badge_icon: z.string().nullable() }),
      }),
    }),
    z.object({
      type: z.literal('approval_required'),
      message: z.string(),
      data: z.object({
        approval_id: z.uuid(),
        tool: z.string(),
        call_id: z.string(),
        preview: approvalPreview,
        expires_at: timestamp,
        token: z.string().describe('what the decision must be sent with'),
      }),
    }),
    z.object({
      type: z.literal('approval_decided'),
      data: z.object({ approval_id: z.uuid(), tool: z.string(), call_id: z.string(), decision: approvalDecision }),
    }),
    z.object({ type: z.literal('error'), message: z.string(), data: z.object({ code: z.string() }) }),
    z.object({
      type: z.literal('done'),
      data: z.object({
        session_id: z.uuid(),
        run_id: z.uuid(),
        message_id: z.uuid(),
        full_text: z.string(),
        usage,
        status: z.enum(['complete', 'stopped']),
      }),
    }),
  ])
  .meta({ id: 'ChatStreamEvent' })

/** StreamEvent is the JSON of one `data` line of a run's stream. */
export type StreamEvent = z.infer<typeof streamEvent>

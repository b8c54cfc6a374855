import type { StreamEvent } from './dto.ts'
import type { RunEvent } from './run-events.ts'

/** wireEvent renders an event of a run's log as the native stream's; one becomes one, so ids are places in the log. */
export function wireEvent(event: RunEvent): StreamEvent {
  switch (event.type) {
    case 'SessionCreated':
      return { type: 'session_created', message: event.title, data: event.sessionId }
    case 'RunStarted':
      return {
        type: 'run_started',
        data: { run_id: event.runId, session_id: event.sessionId, user_message_id: event.userMessageId },
      }
    case 'AgentStream':
      return { type: 'token', data: { text: event.delta } }
    case 'ToolCall':
      return {
        type: 'tool_start',
        message: event.label,
        data: { tool: event.tool, call_id: event.callId, args: event.args },
      }
    case 'ToolCallResult':
      return {
        type: 'tool_end',
        ...(event.label === undefined ? {} : { message: event.label }),
        data: { tool: event.tool, call_id: event.callId, ok: event.ok, output: event.output },
      }
    case 'PointsEarned':
      return {
        type: 'points',
        data: {
          event_id: event.eventId,
          business_id: event.businessId,
          type: event.eventType,
          points: event.points,
          total_points: event.totalPoints,
        },
      }
    case 'LevelReached':
      return { type: 'level_up', data: { business_id: event.businessId, level: event.level } }
    case 'AchievementUnlocked': {
      const { id, title, badgeIcon } = event.achievement
      return {
        type: 'achievement',
        data: { business_id: event.businessId, achievement: { id, title, badge_icon: badgeIcon } },
      }
    }
    case 'ApprovalRequired':
      return {
        type: 'approval_required',
        message: event.preview.summary,
        data: {
          approval_id: event.approvalId,
          tool: event.tool,
          call_id: event.callId,
          preview: event.preview,
          expires_at: event.expiresAt,
          token: event.token,
        },
      }
    case 'ApprovalDecided':
      return {
        type: 'approval_decided',
        data: {
          approval_id: event.approvalId,
          tool: event.tool,
          call_id: event.callId,
          decision: event.decision,
        },
      }
    case 'RunFailed':
      return { type: 'error', message: event.message, data: { code: event.code } }
    case 'RunFinished':
      return {
        type: 'done',
        data: {
          session_id: event.sessionId,
          run_id: event.runId,
          message_id: event.messageId,
          full_text: event.text,
          usage: { input_tokens: event.usage.inputTokens, output_tokens: event.usage.outputTokens },
          status: event.status,
        },
      }
  }
}

import type { ServerEvent } from './event-stream.ts'

type EventOf<Type extends string, Data> = { id: string | undefined; type: Type; message?: string; data: Data }
type NamedLevel = { id: string; name: string }

/** KnownEvent is every event that a Tangga server sends today, told apart by `type`. Newer servers may send others: pass over them. */
export type KnownEvent =
  | EventOf<'session_created', string>
  | EventOf<'run_started', { run_id: string; session_id: string; user_message_id: string }>
  | EventOf<'token', { text: string }>
  | EventOf<'tool_start', { tool: string; call_id: string; args: Record<string, unknown> }>
  | EventOf<'tool_progress', { tool: string; call_id: string }>
  | EventOf<'tool_end', { tool: string; call_id: string; ok: boolean; output: unknown }>
  | EventOf<'points', { event_id: string; business_id: string; type: string; points: number; total_points: number }>
  | EventOf<'level_up', { business_id: string; level: NamedLevel }>
  | EventOf<
      'achievement',
      { business_id: string; achievement: { id: string; title: string; badge_icon: string | null } }
    >
  | EventOf<
      'approval_required',
      {
        approval_id: string
        tool: string
        call_id: string
        preview: { summary: string; changes: { label: string; before: string | null; after: string | null }[] }
        expires_at: string
        token: string
      }
    >
  | EventOf<
      'approval_decided',
      { approval_id: string; tool: string; call_id: string; decision: 'approved' | 'denied' | 'expired' }
    >
  | EventOf<'error', { code: string }>
  | EventOf<
      'done',
      {
        session_id: string
        run_id: string
        message_id: string
        full_text: string
        usage: { input_tokens: number; output_tokens: number }
        status: 'complete' | 'stopped'
      }
    >

const knownTypes: ReadonlySet<string> = new Set<KnownEvent['type']>([
  'session_created',
  'run_started',
  'token',
  'tool_start',
  'tool_progress',
  'tool_end',
  'points',
  'level_up',
  'achievement',
  'approval_required',
  'approval_decided',
  'error',
  'done',
])

/**
 * isKnownEvent narrows an event to one whose `data` is typed. It looks at `type` alone: what a server puts into a type that
 * this client knows is part of the contract and may only be added to.
 */
export function isKnownEvent(event: ServerEvent): event is KnownEvent {
  return knownTypes.has(event.type)
}

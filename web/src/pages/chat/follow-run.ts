import { readEventStream, type ServerEvent } from '@tangga/client'
import { Problem } from '../../api/problem.ts'

type FollowParts = {
  /** The stream to begin with: the answer to the question, or that of a run found under way. */
  first: Response
  /** Opens the stream again after the last event seen. */
  reopen: () => Promise<Response>
  onEvent: (event: ServerEvent) => void
  onLost: () => void
  wait: (ms: number) => Promise<void>
  signal: AbortSignal
}

const pausesMs = [300, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000, 8_000]

/**
 * followRun hands over every event of a run until its last one, through lost connections: the stream is reopened where
 * it broke off, up to eight times in a row without anything new. Answers whether the last event was seen.
 */
export async function followRun({ first, reopen, onEvent, onLost, wait, signal }: FollowParts): Promise<boolean> {
  let stream: Response | undefined = first
  let failures = 0
  while (!signal.aborted) {
    try {
      stream ??= await reopen()
      for await (const event of readEventStream(stream)) {
        failures = 0
        onEvent(event)
        if (event.type === 'done' || event.type === 'error') return true
      }
    } catch (error) {
      // The server knows the run and refuses it, or no longer knows it: asking again will not help.
      if (error instanceof Problem && error.status >= 400 && error.status < 500 && error.status !== 429) return false
    }
    stream = undefined
    const pause = pausesMs[failures++]
    if (pause === undefined || signal.aborted) return false
    onLost()
    await wait(pause)
  }
  return false
}

import { setTimeout as sleep } from 'node:timers/promises'
import { ask, type Target } from './answer-stream.ts'
import { nowMs } from './clock.ts'

/** FirstTokens are times from a question to the first token of its answer, in milliseconds, pair by pair. */
export type FirstTokens = { through: number[]; direct: number[] }

const question = { tokens: 4, everyMs: 5 }

/**
 * timeFirstTokens asks the service and the model server itself in turn, swapping who goes first. Of the questions to the
 * service every other one begins a conversation, and every other one goes on with it.
 */
export async function timeFirstTokens(job: {
  service: Target
  model: Target
  pairs: number
  warmUp: number
}): Promise<FirstTokens> {
  const times: FirstTokens = { through: [], direct: [] }
  let sessionId: string | undefined
  for (let index = -job.warmUp; index < job.pairs; index++) {
    const owner = Math.abs(index >> 1)
    const through = async () => {
      const told = await timed(job.service, owner, index % 2 === 0 ? undefined : sessionId)
      sessionId = told.sessionId
      return told.ms
    }
    const direct = async () => (await timed(job.model, 0)).ms
    const throughFirst = (index >> 1) % 2 === 0
    const first = throughFirst ? await through() : await direct()
    const second = throughFirst ? await direct() : await through()
    if (index < 0) continue
    times.through.push(throughFirst ? first : second)
    times.direct.push(throughFirst ? second : first)
  }
  return times
}

async function timed(target: Target, owner: number, sessionId?: string): Promise<{ ms: number; sessionId?: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ ms: number; sessionId?: string }>()
  let ms: number | undefined
  let session: string | undefined
  const start = nowMs()
  ask(
    target,
    { question, owner, sessionId },
    {
      onText: () => void (ms ??= nowMs() - start),
      onDone: (done) => void (session = done.session_id),
      onEnd(failure) {
        if (failure !== undefined || ms === undefined) reject(new Error(failure ?? 'an answer without a token'))
        else resolve({ ms, ...(session && { sessionId: session }) })
      },
    },
  )
  const answer = await promise
  // So that what is done after an answer does not stand in the way of the next question.
  await sleep(5)
  return answer
}

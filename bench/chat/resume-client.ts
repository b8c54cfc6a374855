import { setTimeout as sleep } from 'node:timers/promises'
import { ask, follow, type Target } from './answer-stream.ts'
import { nowMs } from './clock.ts'

/** Resumed are the times from reconnecting to caught up, in milliseconds, of live runs and of ended ones. */
export type Resumed = { live: number[]; ended: number[]; events: number }

type Run = { id: string; owner: number; lastSeq: number; text: string; fullText: string | undefined }
type Service = Extract<Target, { kind: 'tangga' }>

/**
 * timeResumes starts runs of `tokens` tokens, and once three quarters are out reconnects to one after the other: half of
 * the times from the start, half after a random event. A reader has caught up when it has what a reader that never left
 * had when it reconnected. When the runs have ended, it reads them from the database in the same way. Throws when a
 * resumed stream has a gap or other text.
 */
export async function timeResumes(job: {
  service: Service
  runs: number
  tokens: number
  everyMs: number
  endedResumes: number
}): Promise<Resumed> {
  const { service, tokens, everyMs } = job
  const runs: Run[] = []
  const ends = Array.from({ length: job.runs }, (_, owner) => {
    const run: Run = { id: '', owner, lastSeq: 0, text: '', fullText: undefined }
    runs.push(run)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    ask(
      service,
      { question: { tokens, everyMs }, owner },
      {
        onHeaders: (headers) => (run.id = String(headers['x-run-id'])),
        onText(text, id) {
          run.lastSeq = Number(id)
          run.text += text
        },
        onDone: (done) => (run.fullText = done.full_text),
        onEnd: (failure) => (failure === undefined ? resolve() : reject(new Error(failure))),
      },
    )
    return promise
  })
  const allEnded = Promise.all(ends)
  let isEnded = false
  allEnded.then(
    () => (isEnded = true),
    () => (isEnded = true),
  )
  const live: number[] = []
  const ended: number[] = []
  for (let turn = 0; !isEnded; turn++) {
    const run = at(runs, turn)
    if (run.lastSeq > tokens * 0.75 && run.fullText === undefined) live.push(await resumed(service, run, turn))
    await sleep(20)
  }
  await allEnded
  for (let turn = 0; turn < job.endedResumes; turn++) ended.push(await resumed(service, at(runs, turn), turn))
  return { live, ended, events: Math.max(...runs.map((run) => run.lastSeq)) }
}

async function resumed(service: Service, run: Run, turn: number): Promise<number> {
  const after = turn % 2 === 0 ? 0 : Math.floor(Math.random() * run.lastSeq)
  const until = run.lastSeq
  const soFar = run.text
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  let seq = after
  let text = ''
  const start = nowMs()
  const cut = follow(
    service,
    { id: run.id, owner: run.owner, after },
    {
      onText(piece, id) {
        // The two events before the first token carry no text.
        if (Number(id) !== Math.max(seq, 2) + 1) reject(new Error(`event ${id} came after event ${seq}`))
        seq = Number(id)
        text += piece
        if (seq === until) {
          const ms = nowMs() - start
          if (soFar.endsWith(text) && (after > 0 || soFar === text)) resolve(ms)
          else reject(new Error('a resumed stream had another text'))
        }
      },
      onEnd: () => reject(new Error(`a resumed stream ended after event ${seq} and before event ${until}`)),
    },
  )
  try {
    return await promise
  } finally {
    cut()
  }
}

function at(runs: Run[], turn: number): Run {
  const run = runs[(turn >> 1) % runs.length]
  if (!run) throw new Error('expected a run')
  return run
}

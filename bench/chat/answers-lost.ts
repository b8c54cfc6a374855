import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { Measure } from '../report.ts'
import type { ChatBench } from './chat-bench.ts'
import { questionOf } from './question.ts'

/**
 * measureAnswersLost cuts clients off at random moments and counts the answers that are not stored whole afterwards:
 * what the model server said, to the letter.
 */
export async function measureAnswersLost({
  clients,
  model,
  at,
  databaseUrl,
  isQuick,
  tell,
}: ChatBench): Promise<Measure[]> {
  tell('answers_lost')
  const wanted = isQuick ? 200 : 1_000
  const seen = new Set<string>()
  let whole = 0
  let said = await model.said()
  // A client that is cut before its question arrived has no run, so another one takes its place.
  for (let round = 0; said.size < wanted; round++) {
    const runs = wanted - said.size
    const cut = await clients.cuts({ at, runs, perSecond: 100, tokens: 40, everyMs: 50, name: `cut-${round}` })
    for (const id of cut.seen) seen.add(id)
    whole += cut.whole
    said = await model.said()
  }
  const stored = await storedAnswers(databaseUrl)
  said = await model.said()
  const asked = new Set([...seen, ...said.keys(), ...stored.keys()])
  const lost = [...asked].filter((id) => {
    const words = said.get(id)
    const answer = stored.get(id)
    return !words?.isWhole || answer?.status !== 'complete' || answer.content !== words.text
  })
  if (lost.length > 0) tell(`lost: ${lost.slice(0, 5).join(', ')}`)
  return [
    {
      name: 'answers_lost',
      value: lost.length,
      unit: '',
      atLeast: 0,
      aim: 0,
      baseline: `of ${asked.size} runs; ${asked.size - whole} clients were cut before the end`,
      spread: null,
      smallerIsBetter: true,
    },
  ]
}

async function storedAnswers(databaseUrl: string): Promise<Map<string, { content: string; status: string }>> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const giveUpAt = performance.now() + 30_000
    const running = async () => (await client.query(`SELECT FROM chat_runs WHERE status = 'running'`)).rowCount ?? 0
    while ((await running()) > 0 && performance.now() < giveUpAt) await sleep(100)
    const { rows } = await client.query<{ question: string; content: string; status: string }>(
      `SELECT q.content AS question, a.content, a.status FROM chat_messages AS a
       JOIN chat_messages AS q ON q.id = a.after_id WHERE a.role = 'assistant'`,
    )
    const answers = rows.map(({ question, ...answer }) => [questionOf(question)?.id ?? '', answer] as const)
    return new Map(answers.filter(([id]) => id !== ''))
  } finally {
    await client.end()
  }
}

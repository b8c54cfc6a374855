import { setMaxListeners } from 'node:events'
import type { Log } from '../../platform/logger.ts'
import type { WriteTitle } from '../agent/index.ts'
import type { ChatRepository } from './repository.ts'
import type { LiveRun } from './run.ts'
import type { SessionRepository } from './session-repository.ts'
import { sessionTitle } from './session-title.ts'

/** Titles names new conversations by what was said in them. */
export type Titles = ReturnType<typeof createTitles>

const TITLE_MS = 20_000
// Beyond these a conversation keeps the title it began with: titles must not take the model from answers.
const AT_ONCE = 4

/** createTitles wires it; without `write`, as with the offline advisor, conversations keep the title they began with. */
export function createTitles(deps: {
  write: WriteTitle | undefined
  sessions: Pick<SessionRepository, 'titleByModel'>
  repository: Pick<ChatRepository, 'session' | 'messages'>
  log: Log
  limitMs?: number
}) {
  const { write, sessions, repository, log } = deps
  const closing = new AbortController()
  setMaxListeners(0, closing.signal)
  const working = new Set<Promise<void>>()

  async function name(sessionId: string, locale: 'en' | 'id', ask: WriteTitle): Promise<void> {
    const session = await repository.session(sessionId)
    if (session?.titleSource !== 'message') return
    const said = await repository.messages({ sessionId, limit: 2, before: undefined })
    const answer = said.find(({ role }) => role === 'assistant')
    const message = said.find(({ role }) => role === 'user')
    if (!message || answer?.status !== 'complete' || answer.content === '') return
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(deps.limitMs ?? TITLE_MS)])
    const title = titleIn(await ask({ message: message.content, answer: answer.content, locale }, signal))
    if (title !== undefined) await sessions.titleByModel(sessionId, title)
  }

  return {
    /**
     * afterFirstAnswer asks the model, once the first answer of a conversation is stored, for a title, and sets it unless
     * the owner has chosen one by then. Nothing waits for it, and when it fails the title stays as it was.
     */
    afterFirstAnswer(run: Pick<LiveRun, 'id' | 'sessionId' | 'settled'>, locale: 'en' | 'id'): void {
      if (!write) return
      void run.settled.then(() => {
        if (closing.signal.aborted || working.size >= AT_ONCE) return
        const work = name(run.sessionId, locale, write)
          .catch((error: unknown) => {
            if (!closing.signal.aborted) log.info({ err: error, run_id: run.id }, 'a conversation was not titled')
          })
          .finally(() => working.delete(work))
        working.add(work)
      })
    },

    /** settled resolves when nothing is being titled. */
    async settled(): Promise<void> {
      await Promise.all(working)
    },

    /** close gives up what is under way. */
    async close(): Promise<void> {
      closing.abort()
      await Promise.all(working)
    },
  }
}

/** titleIn makes a title of what a model said: its first line with words, without the marks that models put around it. */
export function titleIn(said: string): string | undefined {
  // Thoughts that were cut off have no end.
  const spoken = said.replaceAll(/<think(?:ing)?>[\s\S]*?(?:<\/think(?:ing)?>|$)/gi, '')
  const line = spoken.split('\n').find((each) => /[\p{L}\p{N}]/u.test(each))
  if (line === undefined) return undefined
  const bare = line
    .replace(/^[\s"'“”‘’«»*_#`>-]*(?:title|judul)\s*:\s*/iu, '')
    .replaceAll(/^[\s"'“”‘’«»*_#`>-]+|[\s"'“”‘’«»*_#`.]+$/gu, '')
  return /[\p{L}\p{N}]/u.test(bare) ? sessionTitle(bare) : undefined
}

import type { Log } from '../../platform/logger.ts'
import type { WriteTitle } from '../agent/index.ts'
import type { ChatRepository } from './repository.ts'
import type { LiveRun } from './run.ts'
import type { SessionRepository } from './session-repository.ts'
import { sessionTitle } from './session-title.ts'
import type { SideCall, SideCalls } from './side-calls.ts'

/** Titles names new conversations by what was said in them. */
export type Titles = ReturnType<typeof createTitles>

const TITLE_MS = 20_000
// Beyond these a conversation keeps the title it began with: titles must not take the model from answers.
const AT_ONCE = 4

/** createTitles wires it; without `write`, as with the offline advisor, conversations keep the title they began with. */
export function createTitles(deps: {
  write: WriteTitle | undefined
  calls: Pick<SideCalls, 'make'>
  sessions: Pick<SessionRepository, 'titleByModel'>
  repository: Pick<ChatRepository, 'session' | 'messages'>
  log: Log
  limitMs?: number
}) {
  const { write, calls, sessions, repository, log } = deps
  const working = new Set<Promise<void>>()

  async function name(call: SideCall, locale: 'en' | 'id', by: WriteTitle): Promise<void> {
    const { sessionId } = call
    await calls.make(call, async (ask) => {
      const session = await repository.session(sessionId)
      if (session?.titleSource !== 'message') return false
      const said = await repository.messages({ sessionId, limit: 2, before: undefined })
      const answer = said.find(({ role }) => role === 'assistant')
      const message = said.find(({ role }) => role === 'user')
      if (!message || answer?.status !== 'complete' || answer.content === '') return false
      const turn = { message: message.content, answer: answer.content, locale }
      const written = await ask((signal, used) =>
        by(turn, AbortSignal.any([signal, AbortSignal.timeout(deps.limitMs ?? TITLE_MS)]), used),
      )
      const title = titleIn(written ?? '')
      return title !== undefined && (await sessions.titleByModel(sessionId, title)) !== undefined
    })
  }

  return {
    /**
     * afterFirstAnswer asks the model, once the first answer of a conversation is stored, for a title, and sets it unless
     * the owner has chosen one by then. Nothing waits for it, and when it fails the title stays as it was.
     */
    afterFirstAnswer(run: Pick<LiveRun, 'id' | 'sessionId' | 'userId' | 'settled'>, locale: 'en' | 'id'): void {
      if (!write) return
      void run.settled.then(() => {
        if (working.size >= AT_ONCE) return
        const work = name(run, locale, write)
          .catch((error: unknown) => log.info({ err: error, run_id: run.id }, 'a conversation was not titled'))
          .finally(() => working.delete(work))
        working.add(work)
      })
    },

    /** settled resolves when nothing is being titled. */
    async settled(): Promise<void> {
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

import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { useCallback, useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore } from 'react'
import { useTranslation } from 'react-i18next'
import { messagesQuery, type Remake } from '../../api/chat.ts'
import { Problem } from '../../api/problem.ts'
import { useBusiness } from '../../app/active-business.tsx'
import { PageHeading } from '../../app/page-heading.tsx'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Icon } from '../../ui/icon.tsx'
import { FailedLoad } from '../../ui/notice.tsx'
import { useProblemText } from '../../ui/problem-text.ts'
import { Loading } from '../../ui/spinner.tsx'
import { showToast } from '../../ui/toast-store.ts'
import { Composer } from './composer.tsx'
import { LiveRun, StoredMessage } from './message-list.tsx'
import type { Place } from './run-store.ts'
import { shownMessages, slotsOf } from './shown-messages.ts'
import { isOver } from './run-view.ts'
import { runs } from './runs.ts'
import { ExportButton } from './export-button.tsx'
import { SessionShelves } from './session-shelves.tsx'

/** ChatPage is a conversation with the advisor, or the start of a new one, beside the list of all. */
export function ChatPage() {
  const { t } = useTranslation()
  const business = useBusiness()
  const navigate = useNavigate()
  const { sessionId } = useParams({ strict: false })
  const [listOpen, setListOpen] = useState(false)
  const startNew = () => {
    setListOpen(false)
    void navigate({ to: '/chat/{-$sessionId}', params: { sessionId: undefined } })
  }
  return (
    <div className="grid grow gap-6 md:grid-cols-[15rem_1fr] lg:grid-cols-[18rem_1fr]">
      <aside aria-label={t('chat.sessions')} className="max-md:hidden">
        <Button look="secondary" icon="plus" className="mb-3 w-full" onClick={startNew}>
          {t('chat.newSession')}
        </Button>
        <SessionShelves businessId={business.id} openId={sessionId} />
        <MemoryLink />
      </aside>
      <section className="flex min-w-0 flex-col">
        <div className="mb-4 flex items-center justify-between gap-2">
          <PageHeading title={t('chat.title')} />
          <span className="flex shrink-0 items-center">
            {sessionId !== undefined && <ExportButton sessionId={sessionId} />}
            <Button look="secondary" icon="list" className="px-3! text-sm md:hidden" onClick={() => setListOpen(true)}>
              {t('chat.sessions')}
            </Button>
          </span>
        </div>
        <Conversation businessId={business.id} sessionId={sessionId} />
      </section>
      {listOpen && (
        <Dialog title={t('chat.sessions')} onClose={() => setListOpen(false)}>
          <Button look="secondary" icon="plus" className="mb-3 w-full" onClick={startNew}>
            {t('chat.newSession')}
          </Button>
          <SessionShelves businessId={business.id} openId={sessionId} onOpen={() => setListOpen(false)} />
          <MemoryLink />
        </Dialog>
      )}
    </div>
  )
}

function MemoryLink() {
  const { t } = useTranslation()
  return (
    <p className="mt-3 border-t border-line pt-3">
      <Link
        to="/memory"
        className="flex min-h-11 items-center gap-2.5 rounded-xl px-3 text-sm font-semibold text-ink-soft hover:bg-sunken hover:text-ink"
      >
        <Icon name="pencil" /> {t('memory.title')}
      </Link>
    </p>
  )
}

function Conversation({ businessId, sessionId }: Place) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const problemText = useProblemText()
  const place = { businessId, sessionId }
  const live = useSyncExternalStore(runs.subscribe, () => runs.get(place))
  const stored = useInfiniteQuery({ ...messagesQuery(sessionId ?? ''), enabled: sessionId !== undefined })
  const messages = stored.data?.pages.toReversed().flatMap((page) => page.items) ?? []
  const busy = live !== undefined && !isOver(live.phase)
  const idle =
    (live === undefined || live.phase === 'failed') && messages.every((message) => message.status !== 'streaming')

  const streaming = messages.findLast((message) => message.status === 'streaming')?.run_id
  useEffect(() => {
    if (streaming && sessionId !== undefined) void runs.resume({ businessId, sessionId }, streaming)
  }, [streaming, businessId, sessionId])

  // The person may have left the empty page by the time its conversation has an id.
  const onEmptyPageOf = useRef<string>(undefined)
  useEffect(() => {
    onEmptyPageOf.current = sessionId === undefined ? businessId : undefined
    return () => void (onEmptyPageOf.current = undefined)
  }, [businessId, sessionId])

  // A question to the person takes room, and must not come up out of sight.
  const asked = live?.tools.filter((tool) => tool.approval && !tool.approval.decision).length
  const conversation = useRef<HTMLDivElement>(null)
  const stickToEnd = useStickToEnd(
    sessionId,
    `${messages.length} ${live?.text.length} ${live?.tools.length} ${asked} ${live?.phase}`,
  )

  const onSession = (id: string) => {
    if (onEmptyPageOf.current !== businessId) return
    void navigate({ to: '/chat/{-$sessionId}', params: { sessionId: id }, replace: true })
  }
  const ask = (content: string) => {
    stickToEnd(true)
    void runs.ask(place, content, onSession)
  }
  const remake = (target: Remake, question?: string) => {
    if (sessionId === undefined) return
    stickToEnd(true)
    // What was pressed goes away while the answer runs.
    focusAfterPress(conversation.current)
    void runs.remake({ businessId, sessionId }, target, question)
  }
  const stop = () => runs.stop(place).catch((error: unknown) => showToast(problemText(error)))

  if (stored.error && !stored.data) {
    return stored.error instanceof Problem && stored.error.status === 404 ? (
      <EmptyState icon="chat">{t('chat.noSession')}</EmptyState>
    ) : (
      <FailedLoad error={stored.error} retry={stored.refetch} />
    )
  }
  const isEmpty = sessionId === undefined && live === undefined
  return (
    <div ref={conversation} className="flex grow flex-col">
      <div className="grow">
        {isEmpty && <Suggestions onChoose={ask} />}
        {stored.isLoading && !live && <Loading />}
        {stored.hasNextPage && (
          <p className="text-center">
            <Button look="quiet" pending={stored.isFetchingNextPage} onClick={() => void stored.fetchNextPage()}>
              {t('chat.earlier')}
            </Button>
          </p>
        )}
        <ol tabIndex={-1} className="mx-auto grid max-w-3xl grid-cols-1 gap-5">
          {slotsOf(shownMessages(messages, live), !stored.hasNextPage).map(({ message, slot }) => (
            <StoredMessage
              key={slot}
              message={message}
              slot={slot}
              actions={
                idle
                  ? {
                      edit: (content) => remake({ kind: 'edit', messageId: message.id }, content),
                      regenerate:
                        live === undefined && message === messages.at(-1)
                          ? () => remake({ kind: 'regenerate', messageId: message.id })
                          : undefined,
                      onSwitch: () => stickToEnd(false),
                    }
                  : undefined
              }
            />
          ))}
          {live && (
            <LiveRun
              view={live}
              questionStored={messages.some(({ id }) => id === live.userMessageId)}
              answerStored={messages.some(
                ({ id, run_id, role, status }) =>
                  role === 'assistant' &&
                  status !== 'streaming' &&
                  (id === live.messageId || (run_id != null && run_id === live.runId)),
              )}
              onRetry={() => void runs.again(place, onSession)}
              onFollow={(runId) => {
                if (sessionId === undefined) return
                void runs.resume({ businessId, sessionId }, runId)
                void stored.refetch()
              }}
            />
          )}
        </ol>
        <div className="h-4" />
      </div>
      <LiveStatus businessId={businessId} sessionId={sessionId} />
      <div className="sticky bottom-16 z-20 mx-auto w-full max-w-3xl bg-page pt-1 pb-3 max-md:-mb-4 md:bottom-0 md:-mb-8 md:pb-5">
        <Composer busy={busy} canStop={live?.runId !== undefined} onSend={ask} onStop={() => void stop()} />
      </div>
    </div>
  )
}

/** LiveStatus tells a screen reader that an answer has begun, and reads it once it is whole: not every token. */
function LiveStatus({ businessId, sessionId }: Place) {
  const { t } = useTranslation()
  const [said, setSaid] = useState('')
  useEffect(
    () =>
      runs.subscribe(() => {
        const view = runs.get({ businessId, sessionId })
        const asked = view?.tools.find((tool) => tool.approval && !tool.approval.decision && tool.state === 'running')
        if (asked?.approval) setSaid(`${t('chat.approval.asks')} ${asked.approval.summary}`)
        else if (view?.phase === 'waiting') setSaid(t('chat.answering'))
        else if (view?.phase === 'complete' || view?.phase === 'stopped')
          setSaid(t('chat.answered', { text: view.text }))
      }),
    [businessId, sessionId, t],
  )
  return (
    <p aria-live="polite" className="sr-only">
      {said}
    </p>
  )
}

/** focusAfterPress keeps the focus in the conversation: on the next message, but on a touch screen without its keyboard. */
function focusAfterPress(conversation: HTMLElement | null) {
  const home = matchMedia('(pointer: fine)').matches ? 'form:not(ol *) textarea' : 'ol'
  conversation?.querySelector<HTMLElement>(home)?.focus({ preventScroll: true })
}

/** useStickToEnd keeps the end of the page in sight while it grows, unless the person has scrolled up. Answers a way to say which. */
function useStickToEnd(sessionId: string | undefined, content: string): (following: boolean) => void {
  const following = useRef(true)
  useEffect(() => {
    following.current = true
    const page = document.documentElement
    const look = () => {
      following.current = page.scrollHeight - page.scrollTop - page.clientHeight < 120
    }
    addEventListener('scroll', look, { passive: true })
    return () => removeEventListener('scroll', look)
  }, [sessionId])
  useLayoutEffect(() => {
    if (following.current) scrollTo({ top: document.documentElement.scrollHeight })
  }, [content])
  return useCallback((follow) => void (following.current = follow), [])
}

function Suggestions({ onChoose }: { onChoose: (text: string) => void }) {
  const { t } = useTranslation()
  const suggestions = [t('chat.suggestion1'), t('chat.suggestion2'), t('chat.suggestion3'), t('chat.suggestion4')]
  return (
    <div className="mx-auto grid max-w-2xl gap-5 py-6 sm:py-12">
      <div className="text-center">
        <h2 className="text-xl font-bold">{t('chat.emptyTitle')}</h2>
        <p className="mt-1 text-balance text-ink-soft">{t('chat.emptyText')}</p>
      </div>
      <ul aria-label={t('chat.suggestions')} className="grid gap-2.5 sm:grid-cols-2">
        {suggestions.map((text) => (
          <li key={text}>
            <button
              type="button"
              onClick={() => onChoose(text)}
              className="h-full min-h-14 w-full rounded-xl border border-line bg-surface px-4 py-3 text-start font-semibold hover:border-accent hover:bg-accent-soft"
            >
              {text}
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}

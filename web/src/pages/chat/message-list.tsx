import { useDeferredValue, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Problem } from '../../api/problem.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { Icon, Logo } from '../../ui/icon.tsx'
import { ErrorNotice } from '../../ui/notice.tsx'
import { Spinner } from '../../ui/spinner.tsx'
import { AnswerText } from './answer-text.tsx'
import { Feedback } from './feedback.tsx'
import type { StoredMessageProps } from './message-actions.ts'
import { OwnMessage } from './own-message.tsx'
import { Question } from './question.tsx'
import type { RunView, ToolActivity } from './run-view.ts'
import { ToolList } from './tool-list.tsx'
import { VersionSwitch } from './version-switch.tsx'

/** StoredMessage shows one message as the server keeps it. */
export function StoredMessage({ message, slot, actions }: StoredMessageProps) {
  const { t } = useTranslation()
  if (message.role === 'user') return <OwnMessage message={message} slot={slot} actions={actions} />
  const tools = message.tool_calls?.map(({ call_id, tool, args, ok, output }): ToolActivity => ({
    callId: call_id,
    tool,
    args,
    output,
    state: ok ? 'done' : 'failed',
  }))
  return (
    <Answer tools={tools ?? []} text={message.content}>
      {message.status === 'stopped' && <Remark>{t('chat.stopped')}</Remark>}
      {message.status === 'interrupted' && <Remark>{t('chat.interrupted')}</Remark>}
      {message.status !== 'streaming' && (
        <div className="mt-1 -mb-2 -ms-2.5 flex flex-wrap items-center">
          {actions && <VersionSwitch message={message} slot={slot} onSwitch={actions.onSwitch} />}
          {actions?.regenerate && (
            <IconButton icon="refresh" label={t('chat.regenerate')} onClick={actions.regenerate} />
          )}
          <Feedback key={message.id} message={message} />
        </div>
      )}
    </Answer>
  )
}

type LiveProps = {
  view: RunView
  questionStored: boolean
  answerStored: boolean
  onRetry: () => void
  onFollow: (runId: string) => void
}

/** LiveRun shows a run while it goes on, and why it failed; what the stored messages show already is left out. */
export function LiveRun({ view, questionStored, answerStored, onRetry, onFollow }: LiveProps) {
  const { t } = useTranslation()
  const text = useDeferredValue(view.text)
  const { failure } = view
  const canRetry = view.question !== undefined || view.remake !== undefined || view.userMessageId !== undefined
  const running = failure?.cause instanceof Problem && failure.cause.status === 409 ? failure.cause.runId : undefined
  return (
    <>
      {view.question !== undefined && !questionStored && <Question text={view.question} />}
      {view.phase !== 'failed' || view.text !== '' || view.tools.length > 0
        ? !answerStored && (
            <Answer tools={view.tools} runId={view.runId} text={text} live>
              {view.rewards.map((reward, index) => (
                <p
                  key={index}
                  className="mt-3 flex items-center gap-2 rounded-xl bg-sun px-3 py-2 font-semibold text-sun-ink"
                >
                  <Icon name="trophy" />
                  {reward.kind === 'points'
                    ? t('progress.earned', { count: reward.points })
                    : t(`chat.${reward.kind}`, { name: reward.name })}
                </p>
              ))}
              {view.phase === 'waiting' && view.tools.length === 0 && <Doing>{t('chat.thinking')}</Doing>}
              {view.phase === 'reconnecting' && <Doing>{t('chat.reconnecting')}</Doing>}
            </Answer>
          )
        : null}
      {failure && (
        <li>
          {running !== undefined ? (
            <div role="alert" className="grid gap-2 rounded-xl bg-sunken p-3">
              <p>{t('chat.busy')}</p>
              <div className="flex flex-wrap gap-2">
                <Button look="secondary" onClick={() => onFollow(running)}>
                  {t('chat.follow')}
                </Button>
                <Button look="quiet" onClick={onRetry}>
                  {t('chat.retry')}
                </Button>
              </div>
            </div>
          ) : (
            <ErrorNotice
              error={failure.cause ?? new Problem({ status: 0, detail: failure.message ?? t('chat.failed') })}
            >
              {canRetry && (
                <Button look="secondary" className="justify-self-start" onClick={onRetry}>
                  {t('chat.retry')}
                </Button>
              )}
            </ErrorNotice>
          )}
        </li>
      )}
    </>
  )
}

function Answer({
  tools,
  runId,
  text,
  live = false,
  children,
}: {
  tools: readonly ToolActivity[]
  runId?: string | undefined
  text: string
  live?: boolean
  children?: ReactNode
}) {
  const { t } = useTranslation()
  return (
    <li className="flex gap-3" data-testid="answer" data-live={live}>
      <Logo className="mt-1 size-7 max-sm:hidden" />
      <div className="min-w-0 grow">
        <span className="sr-only">{t('chat.advisor')}: </span>
        <ToolList tools={tools} runId={runId} />
        {text !== '' && <AnswerText text={text} />}
        {children}
      </div>
    </li>
  )
}

function Remark({ children }: { children: ReactNode }) {
  return <p className="mt-2 text-sm text-ink-soft italic">{children}</p>
}

function Doing({ children }: { children: ReactNode }) {
  return (
    <p className="mt-2 flex items-center gap-2 text-ink-soft">
      <Spinner className="size-4" /> {children}
    </p>
  )
}

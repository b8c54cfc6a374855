import { useEffect, useId, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { decideApproval } from '../../api/chat.ts'
import { formatTime } from '../../i18n/format.ts'
import { Button } from '../../ui/button.tsx'
import { Icon } from '../../ui/icon.tsx'
import { useProblemText } from '../../ui/problem-text.ts'
import type { Approval } from './run-view.ts'

type Props = {
  runId: string
  approval: Approval
  /** Whether the run still waits; one that has ended will do nothing more. */
  waiting: boolean
}

/** ApprovalCard shows what the advisor wants to do, takes the person's decision, and then says what it was. */
export function ApprovalCard({ runId, approval, waiting }: Props) {
  const { t, i18n } = useTranslation()
  const problemText = useProblemText()
  const titleId = useId()
  const card = useRef<HTMLElement>(null)
  const [pressed, setPressed] = useState<'approve' | 'deny'>()
  const [problem, setProblem] = useState<string>()
  const { decision, expiresAt } = approval
  const late = useIsPast(expiresAt)
  const open = decision === undefined && waiting

  // The buttons go away once it is decided; who stood on one of them is left at the card.
  useEffect(() => {
    if (!open && pressed !== undefined) card.current?.focus()
  }, [open, pressed])

  const decide = async (choice: 'approve' | 'deny') => {
    setPressed(choice)
    setProblem(undefined)
    try {
      await decideApproval(runId, approval, choice)
    } catch (error) {
      setPressed(undefined)
      setProblem(problemText(error))
    }
  }

  const outcome = decision ?? (open ? undefined : 'lapsed')
  return (
    <section
      ref={card}
      tabIndex={-1}
      aria-labelledby={titleId}
      data-testid="approval"
      data-decision={outcome ?? 'waiting'}
      className={`grid gap-3 rounded-2xl border-2 p-4 ${open ? 'border-accent bg-surface' : 'border-line bg-sunken'}`}
    >
      <div className="flex items-start gap-2">
        <Icon name="shield" className="mt-0.5 size-5 shrink-0 text-accent" />
        <div className="min-w-0">
          {open && <p className="text-sm text-ink-soft">{t('chat.approval.asks')}</p>}
          <h3 id={titleId} className="font-semibold wrap-anywhere">
            {approval.summary}
          </h3>
        </div>
      </div>
      <Changes changes={approval.changes} />
      {problem !== undefined && (
        <p role="alert" className="text-sm text-danger">
          {problem}
        </p>
      )}
      {open ? (
        <div className="flex flex-wrap items-center gap-2">
          <Button
            icon="check"
            pending={pressed === 'approve'}
            disabled={late || pressed !== undefined}
            onClick={() => void decide('approve')}
          >
            {t('chat.approval.approve')}
          </Button>
          <Button
            look="secondary"
            icon="close"
            pending={pressed === 'deny'}
            disabled={late || pressed !== undefined}
            onClick={() => void decide('deny')}
          >
            {t('chat.approval.deny')}
          </Button>
          <p className="text-sm text-ink-soft">
            {late ? t('chat.approval.late') : t('chat.approval.until', { time: formatTime(expiresAt, i18n.language) })}
          </p>
        </div>
      ) : (
        <p className="flex items-center gap-2 text-sm font-semibold">
          <Icon
            name={outcome === 'approved' ? 'check' : 'close'}
            className={`size-4 ${outcome === 'approved' ? 'text-accent' : 'text-ink-soft'}`}
          />
          {t(`chat.approval.${outcome ?? 'lapsed'}`)}
        </p>
      )}
    </section>
  )
}

function Changes({ changes }: Pick<Approval, 'changes'>) {
  const { t } = useTranslation()
  return (
    <dl className="grid gap-x-4 gap-y-2 sm:grid-cols-[auto_1fr]">
      {changes.map(({ label, before, after }, index) => (
        <div key={index} className="contents">
          <dt className="text-sm text-ink-soft wrap-anywhere max-sm:-mb-1.5">{label}</dt>
          <dd className="max-h-60 min-w-0 overflow-auto wrap-anywhere whitespace-pre-wrap max-sm:mb-1">
            {before !== null && (
              <>
                <span className="sr-only">{t('chat.approval.before')}: </span>
                <del className="text-ink-soft">{before}</del>
                <span aria-hidden> → </span>
                <span className="sr-only">, {t('chat.approval.after')}: </span>
              </>
            )}
            <span className="font-semibold">{after ?? t('chat.approval.nothing')}</span>
          </dd>
        </div>
      ))}
    </dl>
  )
}

// A clock of this device may go wrong; the server decides, this only spares a call in vain.
const CLOCK_GRACE_MS = 30_000
const LONGEST_WAIT_MS = 24 * 60 * 60_000

function useIsPast(instant: string): boolean {
  const leftMs = () => Date.parse(instant) + CLOCK_GRACE_MS - Date.now()
  const [past, setPast] = useState(() => leftMs() <= 0)
  useEffect(() => {
    const timer = setTimeout(() => setPast(true), Math.min(Math.max(leftMs(), 0), LONGEST_WAIT_MS))
    return () => clearTimeout(timer)
  })
  return past
}

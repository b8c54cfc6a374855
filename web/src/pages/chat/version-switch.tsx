import { useMutation, useQuery } from '@tanstack/react-query'
import { useLayoutEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { showVersion, versionsQuery } from '../../api/chat.ts'
import type { ChatMessage } from '../../api/types.ts'
import { IconButton } from '../../ui/button.tsx'
import { useProblemText } from '../../ui/problem-text.ts'
import { showToast } from '../../ui/toast-store.ts'

type VersionSwitchProps = { message: ChatMessage; slot: string; onSwitch: () => void }

/**
 * VersionSwitch goes through the versions of a message; nothing when there is only one. It stays where it is on the screen,
 * with the focus on it, while the messages around it change; `onSwitch` is called before they do.
 */
export function VersionSwitch({ message, slot, onSwitch }: VersionSwitchProps) {
  const { t } = useTranslation()
  const problemText = useProblemText()
  const count = message.version_count ?? 1
  const { data: ids = [] } = useQuery({ ...versionsQuery(message, slot), enabled: count > 1 })
  const group = useRef<HTMLDivElement>(null)
  const topBefore = useRef<number>(undefined)
  const show = useMutation({
    mutationFn: (id: string) => showVersion(message.session_id, id),
    onError: (error) => {
      topBefore.current = undefined
      showToast(problemText(error))
    },
  })

  useLayoutEffect(() => {
    if (topBefore.current !== undefined && group.current)
      scrollBy(0, group.current.getBoundingClientRect().top - topBefore.current)
    topBefore.current = undefined
  }, [message.id])

  if (count <= 1) return null
  const index = ids.indexOf(message.id)
  // Of very many versions only the newest are known.
  const number = index < 0 ? undefined : index + 1 + Math.max(0, count - ids.length)
  const step = (icon: 'back' | 'forward', label: string, id: string | undefined) => {
    const usable = index >= 0 && id !== undefined && !show.isPending
    return (
      <IconButton
        icon={icon}
        label={label}
        // Not `disabled`: that would take the focus away at the first and the last version.
        aria-disabled={!usable}
        className="aria-disabled:cursor-not-allowed aria-disabled:opacity-40"
        onClick={() => {
          if (!usable) return
          topBefore.current = group.current?.getBoundingClientRect().top
          onSwitch()
          show.mutate(id)
        }}
      />
    )
  }
  return (
    <div
      ref={group}
      role="group"
      aria-label={t('chat.versions')}
      data-testid="versions"
      className="inline-flex items-center text-sm text-ink-soft"
    >
      {step('back', t('chat.earlierVersion'), ids[index - 1])}
      <span aria-hidden className="tabular-nums">
        {number ?? '…'}/{count}
      </span>
      <span className="sr-only" aria-live="polite">
        {number !== undefined && t('chat.version', { number, of: count })}
      </span>
      {step('forward', t('chat.laterVersion'), ids[index + 1])}
    </div>
  )
}

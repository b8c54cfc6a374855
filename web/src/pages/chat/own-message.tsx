import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button, IconButton } from '../../ui/button.tsx'
import type { StoredMessageProps } from './message-actions.ts'
import { MessageArea } from './message-area.tsx'
import { Question } from './question.tsx'
import { VersionSwitch } from './version-switch.tsx'

/** OwnMessage is a stored message of the person, with its versions and a way to put it another way. */
export function OwnMessage({ message, slot, actions }: StoredMessageProps) {
  const { t } = useTranslation()
  const [draft, setDraft] = useState<string>()
  const pencil = useRef<HTMLButtonElement>(null)
  const cancelled = useRef(false)

  useEffect(() => {
    if (draft === undefined && cancelled.current) pencil.current?.focus()
    cancelled.current = false
  }, [draft])

  if (draft !== undefined && actions)
    return (
      <EditForm
        draft={draft}
        onChange={setDraft}
        onCancel={() => {
          cancelled.current = true
          setDraft(undefined)
        }}
        onSend={(content) => {
          setDraft(undefined)
          actions.edit(content)
        }}
      />
    )
  return (
    <Question
      text={message.content}
      aside={
        actions && (
          <IconButton
            ref={pencil}
            icon="pencil"
            label={t('chat.edit')}
            onClick={() => setDraft(message.content)}
            // With a mouse it shows only while the message is pointed at or holds the focus.
            className="[@media(hover:hover)]:opacity-0 [@media(hover:hover)]:group-focus-within:opacity-100 [@media(hover:hover)]:group-hover:opacity-100"
          />
        )
      }
    >
      {actions && <VersionSwitch message={message} slot={slot} onSwitch={actions.onSwitch} />}
    </Question>
  )
}

type EditFormProps = {
  draft: string
  onChange: (draft: string) => void
  onCancel: () => void
  onSend: (content: string) => void
}

function EditForm({ draft, onChange, onCancel, onSend }: EditFormProps) {
  const { t } = useTranslation()
  const content = draft.trim()
  return (
    <li>
      <form
        className="grid gap-2 rounded-2xl border border-line bg-accent-soft p-3"
        onSubmit={(event) => {
          event.preventDefault()
          if (content !== '') onSend(content)
        }}
      >
        <MessageArea
          text={draft}
          onText={onChange}
          onEscape={onCancel}
          takesFocus
          aria-label={t('chat.edited')}
          className="w-full rounded-xl border border-line-strong bg-surface"
        />
        <div className="flex flex-wrap items-center justify-end gap-x-4 gap-y-2">
          <p className="grow basis-60 text-sm text-ink-soft">{t('chat.editHint')}</p>
          <span className="flex gap-2">
            <Button look="secondary" onClick={onCancel}>
              {t('app.cancel')}
            </Button>
            <Button type="submit" icon="send" disabled={content === ''}>
              {t('chat.send')}
            </Button>
          </span>
        </div>
      </form>
    </li>
  )
}

import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Icon } from '../../ui/icon.tsx'
import { MessageArea } from './message-area.tsx'

type ComposerProps = { busy: boolean; canStop: boolean; onSend: (text: string) => void; onStop: () => void }

const round = 'inline-flex size-11 shrink-0 items-center justify-center rounded-xl disabled:opacity-60'

/** Composer is where the next message is written. While an answer runs, it offers to stop it. */
export function Composer({ busy, canStop, onSend, onStop }: ComposerProps) {
  const { t } = useTranslation()
  const [text, setText] = useState('')
  const sendable = !busy && text.trim() !== ''
  return (
    <form
      className="flex items-end gap-2 rounded-2xl border border-line-strong bg-surface p-1.5 has-[textarea:focus-visible]:outline-3 has-[textarea:focus-visible]:outline-offset-2 has-[textarea:focus-visible]:outline-accent"
      onSubmit={(event) => {
        event.preventDefault()
        if (!sendable) return
        onSend(text.trim())
        setText('')
      }}
    >
      <MessageArea
        text={text}
        onText={setText}
        aria-label={t('chat.message')}
        placeholder={t('chat.placeholder')}
        className="min-w-0 grow bg-transparent outline-none placeholder:text-ink-soft"
      />
      {busy ? (
        <button
          type="button"
          aria-label={t('chat.stop')}
          title={t('chat.stop')}
          disabled={!canStop}
          onClick={onStop}
          className={`${round} border border-line-strong bg-surface text-ink hover:bg-sunken`}
        >
          <Icon name="stop" className="size-6 fill-current" />
        </button>
      ) : (
        <button
          type="submit"
          aria-label={t('chat.send')}
          title={t('chat.send')}
          disabled={!sendable}
          className={`${round} bg-accent text-accent-ink hover:bg-accent-strong`}
        >
          <Icon name="send" className="size-6" />
        </button>
      )}
    </form>
  )
}

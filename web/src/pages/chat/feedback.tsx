import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { rateAnswer } from '../../api/chat.ts'
import type { ChatMessage, MessageFeedback } from '../../api/types.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { AreaField, Form } from '../../ui/form.tsx'
import { useProblemText } from '../../ui/problem-text.ts'
import { showToast } from '../../ui/toast-store.ts'

/** Feedback is how an owner says what they think of an answer; a bad one is asked what was wrong. */
export function Feedback({ message }: { message: ChatMessage }) {
  const { t } = useTranslation()
  const problemText = useProblemText()
  const [noting, setNoting] = useState(false)
  const { feedback } = message
  const rate = useMutation({
    mutationFn: (given: MessageFeedback | undefined) => rateAnswer(message, given),
    onError: (cause) => showToast(problemText(cause)),
  })
  const verdict = (rating: MessageFeedback['rating'], label: string) => {
    const pressed = feedback?.rating === rating
    return (
      <IconButton
        icon={rating === 'up' ? 'thumbUp' : 'thumbDown'}
        label={label}
        aria-pressed={pressed}
        disabled={rate.isPending}
        className={pressed ? 'bg-accent-soft text-accent-strong!' : ''}
        onClick={() =>
          rate.mutate(pressed ? undefined : { rating, note: null }, {
            onSuccess: () => setNoting(!pressed && rating === 'down'),
          })
        }
      />
    )
  }
  return (
    <div className="flex flex-wrap items-center">
      {verdict('up', t('chat.rateUp'))}
      {verdict('down', t('chat.rateDown'))}
      {feedback && (
        <Button look="quiet" className="px-3! text-sm" onClick={() => setNoting(true)}>
          {feedback.note === null ? t('chat.addNote') : t('chat.changeNote')}
        </Button>
      )}
      {noting && feedback && <NoteDialog message={message} feedback={feedback} onClose={() => setNoting(false)} />}
    </div>
  )
}

type NoteDialogProps = { message: ChatMessage; feedback: MessageFeedback; onClose: () => void }

function NoteDialog({ message, feedback, onClose }: NoteDialogProps) {
  const { t } = useTranslation()
  const save = useMutation({
    mutationFn: (note: string | null) => rateAnswer(message, { rating: feedback.rating, note }),
    onSuccess: () => {
      onClose()
      showToast(t('chat.rated'))
    },
  })
  return (
    <Dialog title={t('chat.noteTitle')} onClose={onClose}>
      <Form error={save.error} onSubmit={(values) => save.mutate(values.optional('note'))}>
        <AreaField
          name="note"
          label={t('chat.note')}
          hint={t('chat.noteHint')}
          optional
          maxLength={2_000}
          defaultValue={feedback.note ?? ''}
        />
        <Button type="submit" pending={save.isPending}>
          {t('app.save')}
        </Button>
      </Form>
    </Dialog>
  )
}

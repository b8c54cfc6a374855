import { useId, useLayoutEffect, useRef, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Button, IconButton, type ButtonLook } from './button.tsx'
import { ErrorNotice } from './notice.tsx'

type DialogProps = { title: string; onClose: () => void; children: ReactNode }

/** Dialog is a modal window that is open for as long as it is rendered; Escape and its cross call `onClose`. */
export function Dialog({ title, onClose, children }: DialogProps) {
  const { t } = useTranslation()
  const id = useId()
  const dialog = useRef<HTMLDialogElement>(null)
  const heading = useRef<HTMLHeadingElement>(null)

  // A layout effect ends while the window is still in the page: only then does closing it give the focus back.
  useLayoutEffect(() => {
    const element = dialog.current
    if (!element) return
    element.showModal()
    // On a touch screen a focused field would pull up the keyboard over the window that is still to be read.
    const field =
      matchMedia('(pointer: fine)').matches && element.querySelector<HTMLElement>('form :is(input, textarea, select)')
    ;(field || heading.current)?.focus()
    return () => element.close()
  }, [])

  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onCancel={(event) => {
        // A file or select inside may cancel too; only the dialog's own cancel closes it.
        if (event.target !== event.currentTarget) return
        event.preventDefault()
        onClose()
      }}
      className="max-h-[calc(100dvh-2rem)] w-[min(34rem,calc(100vw-2rem))] overflow-y-auto rounded-2xl bg-surface p-0 text-ink shadow-xl"
    >
      <header className="sticky top-0 z-10 flex items-start justify-between gap-3 bg-surface py-3 ps-4 pe-2 sm:ps-6">
        <h2 ref={heading} id={id} tabIndex={-1} className="pt-2 text-lg font-bold">
          {title}
        </h2>
        <IconButton icon="close" label={t('app.close')} onClick={onClose} />
      </header>
      <div className="px-4 pb-5 sm:px-6">{children}</div>
    </dialog>
  )
}

type ConfirmProps = DialogProps & {
  confirm: string
  look?: ButtonLook
  pending: boolean
  error: unknown
  onConfirm: () => void
}

/** ConfirmDialog asks before something that matters is done. */
export function ConfirmDialog({
  title,
  onClose,
  children,
  confirm,
  look = 'danger',
  pending,
  error,
  onConfirm,
}: ConfirmProps) {
  const { t } = useTranslation()
  return (
    <Dialog title={title} onClose={onClose}>
      <div className="grid gap-4">
        <p>{children}</p>
        <ErrorNotice error={error} />
        <div className="flex flex-wrap justify-end gap-2">
          <Button look="secondary" onClick={onClose}>
            {t('app.cancel')}
          </Button>
          <Button look={look} pending={pending} onClick={onConfirm}>
            {confirm}
          </Button>
        </div>
      </div>
    </Dialog>
  )
}

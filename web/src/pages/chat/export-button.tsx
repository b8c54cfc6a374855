import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { exportedChatSession, type ExportFormat } from '../../api/chat.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { ErrorNotice } from '../../ui/notice.tsx'

/** ExportButton saves a conversation as a file of the person's choice. */
export function ExportButton({ sessionId }: { sessionId: string }) {
  const { t } = useTranslation()
  const [open, setOpen] = useState(false)
  const save = useMutation({
    mutationFn: (format: ExportFormat) => exportedChatSession(sessionId, format),
    onSuccess: ({ name, blob }) => {
      saveFile(name, blob)
      setOpen(false)
    },
  })
  const choice = (format: ExportFormat, label: string) => (
    <Button
      look="secondary"
      icon="download"
      className="w-full"
      disabled={save.isPending}
      pending={save.isPending && save.variables === format}
      onClick={() => save.mutate(format)}
    >
      {label}
    </Button>
  )
  return (
    <>
      <IconButton icon="download" label={t('chat.export')} onClick={() => setOpen(true)} />
      {open && (
        <Dialog title={t('chat.export')} onClose={() => setOpen(false)}>
          <div className="grid gap-3">
            <p className="text-ink-soft">{t('chat.exportText')}</p>
            <ErrorNotice error={save.error} />
            {choice('markdown', t('chat.exportMarkdown'))}
            {choice('json', t('chat.exportJson'))}
          </div>
        </Dialog>
      )}
    </>
  )
}

function saveFile(name: string, blob: Blob): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  // The browser reads it in its own time.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}

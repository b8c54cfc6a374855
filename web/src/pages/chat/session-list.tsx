import { useInfiniteQuery, useMutation } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { chatSessionsQuery, deleteChatSession, renameChatSession } from '../../api/chat.ts'
import type { ChatSession } from '../../api/types.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { ConfirmDialog, Dialog } from '../../ui/dialog.tsx'
import { Form, TextField } from '../../ui/form.tsx'
import { FailedLoad } from '../../ui/notice.tsx'
import { Loading } from '../../ui/spinner.tsx'
import { showToast } from '../../ui/toast-store.ts'

type SessionListProps = { businessId: string; openId: string | undefined; onOpen?: () => void }

/** SessionList is the business's conversations, each with a way to rename and delete it. */
export function SessionList({ businessId, openId, onOpen }: SessionListProps) {
  const { t } = useTranslation()
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(
    chatSessionsQuery(businessId),
  )
  const [renaming, setRenaming] = useState<ChatSession>()
  const [deleting, setDeleting] = useState<ChatSession>()
  const sessions = data?.pages.flatMap((page) => page.items)
  if (error && !sessions) return <FailedLoad error={error} retry={refetch} />
  if (!sessions) return <Loading />
  return (
    <>
      {sessions.length === 0 && <p className="p-3 text-sm text-ink-soft">{t('chat.sessionsEmpty')}</p>}
      <ul className="grid grid-cols-1 gap-0.5">
        {sessions.map((chatSession) => (
          <li
            key={chatSession.id}
            className={`group relative flex items-center rounded-xl ${chatSession.id === openId ? 'bg-accent-soft' : 'hover:bg-sunken'}`}
          >
            <Link
              to="/chat/{-$sessionId}"
              params={{ sessionId: chatSession.id }}
              onClick={onOpen}
              aria-current={chatSession.id === openId ? 'page' : undefined}
              className="flex min-h-11 min-w-0 grow items-center rounded-xl px-3 text-sm font-semibold"
            >
              <span className="truncate">{chatSession.title}</span>
            </Link>
            {/* With a mouse the buttons lie over the title's end only while the row is pointed at or holds the focus. */}
            <span className="flex shrink-0 [@media(hover:hover)]:absolute [@media(hover:hover)]:inset-y-0 [@media(hover:hover)]:end-0 [@media(hover:hover)]:rounded-xl [@media(hover:hover)]:bg-sunken [@media(hover:hover)]:opacity-0 [@media(hover:hover)]:group-focus-within:opacity-100 [@media(hover:hover)]:group-hover:opacity-100">
              <IconButton
                icon="pencil"
                label={`${t('chat.rename')}: ${chatSession.title}`}
                onClick={() => setRenaming(chatSession)}
              />
              <IconButton
                icon="trash"
                label={`${t('app.delete')}: ${chatSession.title}`}
                onClick={() => setDeleting(chatSession)}
              />
            </span>
          </li>
        ))}
      </ul>
      {hasNextPage && (
        <Button look="quiet" className="w-full" pending={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {t('app.more')}
        </Button>
      )}
      {renaming && <RenameDialog chatSession={renaming} onClose={() => setRenaming(undefined)} />}
      {deleting && (
        <DeleteDialog chatSession={deleting} isOpen={deleting.id === openId} onClose={() => setDeleting(undefined)} />
      )}
    </>
  )
}

function RenameDialog({ chatSession, onClose }: { chatSession: ChatSession; onClose: () => void }) {
  const { t } = useTranslation()
  const rename = useMutation({
    mutationFn: (title: string) => renameChatSession(chatSession, title),
    onSuccess: onClose,
  })
  return (
    <Dialog title={t('chat.renameTitle')} onClose={onClose}>
      <Form error={rename.error} onSubmit={(values) => rename.mutate(values.text('title'))}>
        <TextField
          name="title"
          label={t('chat.sessionTitle')}
          defaultValue={chatSession.title}
          required
          maxLength={200}
        />
        <Button type="submit" pending={rename.isPending}>
          {t('app.save')}
        </Button>
      </Form>
    </Dialog>
  )
}

function DeleteDialog({
  chatSession,
  isOpen,
  onClose,
}: {
  chatSession: ChatSession
  isOpen: boolean
  onClose: () => void
}) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const remove = useMutation({
    mutationFn: () => deleteChatSession(chatSession),
    onSuccess: async () => {
      onClose()
      showToast(t('chat.deleted'))
      if (isOpen) await navigate({ to: '/chat/{-$sessionId}', params: { sessionId: undefined } })
    },
  })
  return (
    <ConfirmDialog
      title={t('chat.deleteTitle')}
      confirm={t('app.delete')}
      pending={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      {t('chat.deleteText', { title: chatSession.title })}
    </ConfirmDialog>
  )
}

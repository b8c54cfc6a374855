import { useInfiniteQuery, useMutation } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { changeChatSession, chatSessionsQuery, deleteChatSession } from '../../api/chat.ts'
import type { ChatSession } from '../../api/types.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { ConfirmDialog, Dialog } from '../../ui/dialog.tsx'
import { Form, TextField } from '../../ui/form.tsx'
import type { IconName } from '../../ui/icon.tsx'
import { FailedLoad } from '../../ui/notice.tsx'
import { useProblemText } from '../../ui/problem-text.ts'
import { Loading } from '../../ui/spinner.tsx'
import { showToast } from '../../ui/toast-store.ts'

type SessionListProps = {
  shelf: 'pinned' | 'others'
  businessId: string
  openId: string | undefined
  onOpen?: (() => void) | undefined
}

/** SessionList is some of the business's conversations, each with a way to pin, rename and delete it. */
export function SessionList({ shelf, businessId, openId, onOpen }: SessionListProps) {
  const { t } = useTranslation()
  const problemText = useProblemText()
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(
    chatSessionsQuery(businessId, shelf),
  )
  const [acting, setActing] = useState<ChatSession>()
  const [renaming, setRenaming] = useState<ChatSession>()
  const [deleting, setDeleting] = useState<ChatSession>()
  const pin = useMutation({
    mutationFn: (chatSession: ChatSession) => changeChatSession(chatSession, { pinned: !chatSession.pinned }),
    onSuccess: (_, { pinned }) => showToast(pinned ? t('chat.wasUnpinned') : t('chat.wasPinned')),
    onError: (cause) => showToast(problemText(cause)),
  })
  const actionsFor = (chatSession: ChatSession): Action[] => [
    {
      icon: 'pin',
      label: chatSession.pinned ? t('chat.unpin') : t('chat.pin'),
      disabled: pin.isPending,
      onClick: () => pin.mutate(chatSession),
    },
    { icon: 'pencil', label: t('chat.rename'), onClick: () => setRenaming(chatSession) },
    { icon: 'trash', label: t('app.delete'), onClick: () => setDeleting(chatSession) },
  ]
  const sessions = data?.pages.flatMap((page) => page.items)
  if (error && !sessions) return <FailedLoad error={error} retry={refetch} />
  if (!sessions) return <Loading />
  return (
    <>
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
              <span className="line-clamp-1 wrap-anywhere [@media(hover:none)]:line-clamp-2">{chatSession.title}</span>
            </Link>
            {/* With a mouse the buttons lie over the title's end only while the row is pointed at or holds the focus. */}
            <span className="absolute inset-y-0 end-0 flex rounded-xl bg-sunken opacity-0 group-focus-within:pointer-events-auto group-focus-within:opacity-100 group-hover:pointer-events-auto group-hover:opacity-100 pointer-events-none [@media(hover:none)]:hidden">
              {actionsFor(chatSession).map(({ icon, label, ...action }) => (
                <IconButton
                  key={icon}
                  icon={icon}
                  label={`${label}: ${chatSession.title}`}
                  className={icon === 'pin' && chatSession.pinned ? 'text-accent!' : ''}
                  {...action}
                />
              ))}
            </span>
            <IconButton
              icon="dots"
              className="[@media(hover:hover)]:hidden"
              label={t('chat.actions', { title: chatSession.title })}
              aria-haspopup="dialog"
              onClick={() => setActing(chatSession)}
            />
          </li>
        ))}
      </ul>
      {hasNextPage && (
        <Button look="quiet" className="w-full" pending={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {t('app.more')}
        </Button>
      )}
      {acting && (
        <ActionsDialog title={acting.title} actions={actionsFor(acting)} onClose={() => setActing(undefined)} />
      )}
      {renaming && <RenameDialog chatSession={renaming} onClose={() => setRenaming(undefined)} />}
      {deleting && (
        <DeleteDialog chatSession={deleting} isOpen={deleting.id === openId} onClose={() => setDeleting(undefined)} />
      )}
    </>
  )
}

type Action = { icon: IconName; label: string; disabled?: boolean; onClick: () => void }

/** ActionsDialog offers on a touch screen what the buttons of a row offer to a mouse, where they would hide the titles. */
function ActionsDialog({ title, actions, onClose }: { title: string; actions: Action[]; onClose: () => void }) {
  return (
    <Dialog title={title} onClose={onClose}>
      <div className="grid gap-2">
        {actions.map(({ label, onClick, ...button }) => (
          <Button
            key={label}
            look="secondary"
            className="justify-start!"
            {...button}
            onClick={() => {
              onClose()
              onClick()
            }}
          >
            {label}
          </Button>
        ))}
      </div>
    </Dialog>
  )
}

function RenameDialog({ chatSession, onClose }: { chatSession: ChatSession; onClose: () => void }) {
  const { t } = useTranslation()
  const rename = useMutation({
    mutationFn: (title: string) => changeChatSession(chatSession, { title }),
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

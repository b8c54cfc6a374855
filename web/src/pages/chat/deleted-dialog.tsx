import { useInfiniteQuery, useMutation } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { chatSessionsQuery, restoreChatSession } from '../../api/chat.ts'
import type { ChatSession } from '../../api/types.ts'
import { formatDate } from '../../i18n/format.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { ErrorNotice } from '../../ui/notice.tsx'
import { PagedList } from '../../ui/paged-list.tsx'
import { showToast } from '../../ui/toast-store.ts'

/** DeletedDialog lists the conversations that were deleted, each with a way to bring it back. */
export function DeletedDialog({ businessId, onClose }: { businessId: string; onClose: () => void }) {
  const { t, i18n } = useTranslation()
  const list = useInfiniteQuery(chatSessionsQuery(businessId, 'deleted'))
  const restore = useMutation({
    mutationFn: (chatSession: ChatSession) => restoreChatSession(chatSession),
    onSuccess: (_, { title }) => showToast(t('chat.restored', { title })),
  })
  return (
    <Dialog title={t('chat.deletedSessions')} onClose={onClose}>
      <ErrorNotice error={restore.error} />
      <PagedList list={list} icon="trash" empty={t('chat.deletedEmpty')}>
        {(sessions) => (
          <ul className="divide-y divide-line">
            {sessions.map((chatSession) => (
              <li key={chatSession.id} className="flex items-center justify-between gap-3 py-2">
                <span className="grid min-w-0">
                  <span className="line-clamp-2 wrap-anywhere font-semibold">{chatSession.title}</span>
                  {chatSession.purge_at && (
                    <span className="text-sm text-ink-soft">
                      {t('chat.deletedUntil', { date: formatDate(chatSession.purge_at, i18n.language) })}
                    </span>
                  )}
                </span>
                <Button
                  look="secondary"
                  icon="restore"
                  className="shrink-0"
                  aria-label={`${t('chat.restore')}: ${chatSession.title}`}
                  pending={restore.isPending && restore.variables.id === chatSession.id}
                  onClick={() => restore.mutate(chatSession)}
                >
                  {t('chat.restore')}
                </Button>
              </li>
            ))}
          </ul>
        )}
      </PagedList>
    </Dialog>
  )
}

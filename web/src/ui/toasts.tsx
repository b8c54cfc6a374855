import { useSyncExternalStore } from 'react'
import { useTranslation } from 'react-i18next'
import { IconButton } from './button.tsx'
import { Icon } from './icon.tsx'
import { hideToast, toastStore } from './toast-store.ts'

/** Toasts is the place where passing messages appear and are read out. */
export function Toasts() {
  const { t } = useTranslation()
  const toasts = useSyncExternalStore(toastStore.subscribe, toastStore.get)
  return (
    <div
      role="status"
      className="pointer-events-none fixed inset-x-0 bottom-20 z-50 flex flex-col items-center gap-2 px-4 md:bottom-6"
    >
      {toasts.map((toast) => (
        <div
          key={toast.id}
          className={`pointer-events-auto flex w-full max-w-md animate-[rise_200ms_ease-out] items-start gap-3 rounded-2xl p-3 shadow-lg ${toast.festive ? 'bg-sun text-sun-ink' : 'bg-ink text-page'}`}
        >
          <Icon name={toast.festive ? 'trophy' : 'check'} className="mt-2.5 size-6" />
          <div className="grid min-w-0 grow py-2">
            <p className="font-bold wrap-anywhere">{toast.title}</p>
            {toast.lines.map((line) => (
              <p key={line} className="wrap-anywhere">
                {line}
              </p>
            ))}
          </div>
          <IconButton
            icon="close"
            label={t('app.close')}
            onClick={() => hideToast(toast.id)}
            className="text-inherit hover:bg-transparent hover:text-inherit"
          />
        </div>
      ))}
    </div>
  )
}

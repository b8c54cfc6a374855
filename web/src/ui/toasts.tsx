import { useEffect, useRef, useSyncExternalStore } from 'react'
import { useTranslation } from 'react-i18next'
import { IconButton } from './button.tsx'
import { Icon } from './icon.tsx'
import { hideToast, toastStore } from './toast-store.ts'

/** Toasts is the place where passing messages appear and are read out. */
export function Toasts() {
  const { t } = useTranslation()
  const toasts = useSyncExternalStore(toastStore.subscribe, toastStore.get)
  const place = useRef<HTMLDivElement>(null)

  // The browser's top layer stacks by the order of showing: a new message comes to lie above a window opened since.
  useEffect(() => {
    const element = place.current
    element?.showPopover()
    return () => element?.hidePopover()
  }, [toasts])

  return (
    <div
      ref={place}
      popover="manual"
      role="status"
      className="pointer-events-none fixed inset-x-0 top-2 bottom-auto m-0 flex w-full flex-col items-center gap-2 border-0 bg-transparent px-4 py-0 md:top-auto md:bottom-6"
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

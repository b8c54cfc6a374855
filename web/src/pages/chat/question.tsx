import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

/** Question is a bubble with what the person said; `aside` stands beside it, the children below. */
export function Question({ text, aside, children }: { text: string; aside?: ReactNode; children?: ReactNode }) {
  const { t } = useTranslation()
  return (
    <li className="group grid justify-items-end">
      <div className="flex max-w-full flex-row-reverse items-center gap-1">
        <div className="max-w-[85%] min-w-0 rounded-2xl rounded-ee-md bg-accent-soft px-4 py-2.5">
          <span className="sr-only">{t('chat.you')}: </span>
          <p className="wrap-anywhere whitespace-pre-wrap">{text}</p>
        </div>
        {aside}
      </div>
      {children}
    </li>
  )
}

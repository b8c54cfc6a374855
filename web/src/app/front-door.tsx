import { Outlet } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { Logo } from '../ui/icon.tsx'
import { LanguageSelect, ThemeSelect } from './preferences.tsx'

/** FrontDoor is the frame around the pages for people who are not signed in. */
export function FrontDoor() {
  const { t } = useTranslation()
  return (
    <div className="flex min-h-dvh flex-col">
      <header className="mx-auto flex w-full max-w-6xl flex-wrap items-center justify-between gap-3 px-4 py-3">
        <p className="flex items-center gap-2.5 text-lg font-bold">
          <Logo /> {t('app.name')}
        </p>
        <div className="flex gap-2">
          <span className="max-sm:hidden">
            <ThemeSelect />
          </span>
          <LanguageSelect />
        </div>
      </header>
      <main className="mx-auto flex w-full max-w-md grow flex-col justify-center px-4 pt-4 pb-16">
        <Outlet />
      </main>
    </div>
  )
}

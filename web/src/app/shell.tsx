import { useSuspenseQuery } from '@tanstack/react-query'
import { Link, Outlet, useNavigate } from '@tanstack/react-router'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { meQuery } from '../api/account.ts'
import { speak } from '../i18n/i18n.ts'
import { languageOf } from '../i18n/language.ts'
import { useLiveProgress } from '../live/use-live-progress.ts'
import { Icon, Logo, type IconName } from '../ui/icon.tsx'
import { ActiveBusinessProvider, useBusinesses } from './active-business.tsx'

/** Shell is the frame around every page of a signed-in person. */
export function Shell() {
  const { data: me } = useSuspenseQuery(meQuery)
  useEffect(() => speak(languageOf([me.locale])), [me.locale])
  return (
    <ActiveBusinessProvider>
      <Frame isAdmin={me.role === 'admin'} />
    </ActiveBusinessProvider>
  )
}

type Place = { to: '/' | '/chat/{-$sessionId}' | '/business' | '/account' | '/admin'; label: string; icon: IconName }

function Frame({ isAdmin }: { isAdmin: boolean }) {
  const { t } = useTranslation()
  const { business, businesses } = useBusinesses()
  useLiveProgress(businesses)
  const places: Place[] = [
    ...(business
      ? ([
          { to: '/', label: t('app.progress'), icon: 'ladder' },
          { to: '/chat/{-$sessionId}', label: t('app.advisor'), icon: 'chat' },
        ] as const)
      : []),
    { to: '/business', label: t('app.business'), icon: 'shop' },
    ...(isAdmin ? ([{ to: '/admin', label: t('app.admin'), icon: 'shield' }] as const) : []),
    { to: '/account', label: t('app.account'), icon: 'person' },
  ]
  return (
    <div className="flex min-h-dvh flex-col">
      <a
        href="#content"
        className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:rounded-xl focus:bg-accent focus:px-4 focus:py-2 focus:text-accent-ink"
      >
        {t('app.skip')}
      </a>
      <header className="border-b border-line bg-surface">
        <div className="mx-auto flex min-h-14 max-w-6xl items-center gap-3 px-4">
          <Link to="/" className="flex min-h-11 items-center gap-2.5 text-lg font-bold">
            <Logo /> {t('app.name')}
          </Link>
          <nav aria-label={t('app.navigation')} className="ms-4 hidden md:block">
            <ul className="flex gap-1">
              {places.map((place) => (
                <li key={place.to}>
                  <Link
                    to={place.to}
                    activeOptions={{ exact: place.to === '/' }}
                    className="flex min-h-11 items-center rounded-xl px-3 font-semibold text-ink-soft hover:bg-sunken hover:text-ink"
                    activeProps={{ className: 'bg-accent-soft text-accent-strong! hover:bg-accent-soft' }}
                  >
                    {place.label}
                  </Link>
                </li>
              ))}
            </ul>
          </nav>
          <BusinessSwitcher />
        </div>
      </header>
      <main
        id="content"
        tabIndex={-1}
        className="mx-auto flex w-full max-w-6xl grow flex-col px-4 py-5 max-md:pb-20 md:py-8"
      >
        <Outlet />
      </main>
      <nav
        aria-label={t('app.navigation')}
        className="fixed inset-x-0 bottom-0 z-30 border-t border-line bg-surface pb-[env(safe-area-inset-bottom)] md:hidden"
      >
        <ul className="flex">
          {places.map((place) => (
            <li key={place.to} className="min-w-0 flex-1">
              <Link
                to={place.to}
                activeOptions={{ exact: place.to === '/' }}
                className="flex min-h-16 flex-col items-center justify-center gap-1 px-1 text-xs font-semibold text-ink-soft outline-offset-[-3px]"
                activeProps={{ className: 'text-accent-strong!' }}
              >
                <Icon name={place.icon} className="size-6" />
                <span className="max-w-full truncate">{place.label}</span>
              </Link>
            </li>
          ))}
        </ul>
      </nav>
    </div>
  )
}

function BusinessSwitcher() {
  const { t } = useTranslation()
  const { business, businesses, choose } = useBusinesses()
  const navigate = useNavigate()
  if (!business) return null
  if (businesses.length === 1)
    return <p className="ms-auto min-w-0 truncate text-sm font-semibold text-ink-soft">{business.business_name}</p>
  return (
    <select
      aria-label={t('business.switcher')}
      className="ms-auto min-h-11 max-w-52 min-w-0 truncate rounded-xl border border-line bg-surface px-2 text-sm font-semibold"
      value={business.id}
      onChange={(event) => {
        choose(event.target.value)
        // An open conversation belongs to the business before.
        if (location.pathname.startsWith('/chat'))
          void navigate({ to: '/chat/{-$sessionId}', params: { sessionId: undefined } })
      }}
    >
      {businesses.map(({ id, business_name }) => (
        <option key={id} value={id}>
          {business_name}
        </option>
      ))}
    </select>
  )
}

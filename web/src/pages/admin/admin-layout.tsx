import { Link, Outlet, useLocation } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { PageHeading } from '../../app/page-heading.tsx'

const sections = [
  { to: '/admin/levels', label: 'levels' },
  { to: '/admin/achievements', label: 'achievements' },
  { to: '/admin/rules', label: 'rules' },
  { to: '/admin/people', label: 'people' },
  { to: '/admin/businesses', label: 'businesses' },
  { to: '/admin/advisor', label: 'advisor' },
  { to: '/admin/feedback', label: 'feedback' },
] as const

/** AdminLayout is the frame of the admin pages. */
export function AdminLayout() {
  const { t } = useTranslation()
  const { pathname } = useLocation()
  const tabs = useRef<HTMLUListElement>(null)

  // On a phone the row of sections is wider than the screen.
  useEffect(() => {
    tabs.current?.querySelector('[aria-current="page"]')?.scrollIntoView({ block: 'nearest', inline: 'center' })
  }, [pathname])

  return (
    <div className="grid grid-cols-1 gap-5">
      <PageHeading title={t('admin.title')} />
      <nav aria-label={t('admin.sections')} className="-mx-4 overflow-x-auto px-4 py-1">
        <ul ref={tabs} className="flex w-max gap-2">
          {sections.map(({ to, label }) => (
            <li key={to}>
              <Link
                to={to}
                className="flex min-h-11 items-center rounded-full border border-line bg-surface px-4 font-semibold whitespace-nowrap text-ink-soft hover:text-ink"
                activeProps={{ className: 'border-accent! bg-accent-soft text-accent-strong!' }}
              >
                {t(`admin.${label}`)}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <Outlet />
    </div>
  )
}

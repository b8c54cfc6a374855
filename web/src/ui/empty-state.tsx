import type { ReactNode } from 'react'
import { Icon, type IconName } from './icon.tsx'

/** EmptyState says what will be here and how it gets there. */
export function EmptyState({ icon, children, action }: { icon: IconName; children: ReactNode; action?: ReactNode }) {
  return (
    <div className="flex flex-col items-center gap-3 px-4 py-8 text-center text-ink-soft">
      <span className="rounded-full bg-sunken p-3">
        <Icon name={icon} className="size-6" />
      </span>
      <p className="max-w-prose text-balance">{children}</p>
      {action}
    </div>
  )
}

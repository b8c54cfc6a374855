import type { ReactNode } from 'react'
import { useId } from 'react'

type CardProps = {
  title?: string
  text?: string
  aside?: ReactNode
  children: ReactNode
  className?: string
  flush?: boolean
}

/** Card is a titled section on its own surface; `aside` stands beside the title, `flush` drops the inner margin. */
export function Card({ title, text, aside, children, className = '', flush = false }: CardProps) {
  const id = useId()
  return (
    <section
      aria-labelledby={title ? id : undefined}
      className={`rounded-2xl border border-line bg-surface ${className}`}
    >
      {title && (
        <header className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 px-4 pt-4 sm:px-6 sm:pt-5">
          <div>
            <h2 id={id} className="text-lg font-bold">
              {title}
            </h2>
            {text && <p className="text-sm text-ink-soft">{text}</p>}
          </div>
          {aside}
        </header>
      )}
      <div className={flush ? 'pt-3 pb-2' : 'p-4 sm:px-6 sm:py-5'}>{children}</div>
    </section>
  )
}

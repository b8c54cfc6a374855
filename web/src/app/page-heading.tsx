import { useEffect, useRef, type ReactNode } from 'react'

let firstPage = true

/** PageHeading names a page: in the window's title, and by taking the focus after a navigation, so that a screen reader says where one is. */
export function PageHeading({
  title,
  children,
  className = '',
}: {
  title: string
  children?: ReactNode
  className?: string
}) {
  const heading = useRef<HTMLHeadingElement>(null)

  useEffect(() => {
    document.title = `${title} · Tangga`
  }, [title])

  useEffect(() => {
    if (!firstPage) heading.current?.focus({ preventScroll: true })
    firstPage = false
  }, [])

  return (
    <div className={className}>
      <h1 ref={heading} tabIndex={-1} className="text-2xl font-bold tracking-tight sm:text-3xl">
        {title}
      </h1>
      {children}
    </div>
  )
}

import type { ComponentProps } from 'react'
import { Icon, type IconName } from './icon.tsx'
import { Spinner } from './spinner.tsx'

/** ButtonLook is the weight of a button: one primary a view, danger only for what cannot be undone. */
export type ButtonLook = 'primary' | 'secondary' | 'quiet' | 'danger'

const looks: Record<ButtonLook, string> = {
  primary: 'bg-accent text-accent-ink hover:bg-accent-strong',
  secondary: 'border border-line-strong bg-surface text-ink hover:bg-sunken',
  quiet: 'text-accent hover:bg-accent-soft',
  danger: 'bg-danger text-danger-ink hover:opacity-90',
}

/** buttonClass gives links the look of a button. */
export function buttonClass(look: ButtonLook = 'primary'): string {
  return `inline-flex min-h-11 items-center justify-center gap-2 rounded-xl px-4 py-2 font-semibold transition-colors disabled:cursor-not-allowed disabled:opacity-60 ${looks[look]}`
}

type ButtonProps = ComponentProps<'button'> & { look?: ButtonLook; pending?: boolean; icon?: IconName }

/** Button is at least 44 pixels high; while `pending` it cannot be pressed again. */
export function Button({ look = 'primary', pending = false, icon, className = '', children, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      disabled={pending || rest.disabled}
      aria-busy={pending || undefined}
      className={`${buttonClass(look)} ${className}`}
    >
      {pending ? <Spinner /> : icon && <Icon name={icon} />}
      {children}
    </button>
  )
}

/** IconButton is a square button with only a drawing; `label` is its name. */
export function IconButton({
  label,
  icon,
  className = '',
  ...rest
}: ComponentProps<'button'> & { label: string; icon: IconName }) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      {...rest}
      className={`inline-flex size-11 shrink-0 items-center justify-center rounded-xl text-ink-soft transition-colors hover:bg-sunken hover:text-ink disabled:opacity-60 ${className}`}
    >
      <Icon name={icon} />
    </button>
  )
}

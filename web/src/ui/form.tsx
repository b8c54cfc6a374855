import {
  createContext,
  useContext,
  useEffect,
  useId,
  useRef,
  useState,
  type ComponentProps,
  type ReactNode,
} from 'react'
import { useTranslation } from 'react-i18next'
import { Problem } from '../api/problem.ts'
import { Icon } from './icon.tsx'
import { ErrorNotice } from './notice.tsx'

/** FormValues reads what was entered, by the name of a field. */
export type FormValues = {
  text(name: string): string
  /** exact keeps the spaces around, as a password needs. */
  exact(name: string): string
  /** optional is the text, or null when the field was left empty. */
  optional(name: string): string | null
  number(name: string): number
  optionalNumber(name: string): number | null
  all(name: string): string[]
}

const FieldErrors = createContext<ReadonlyMap<string, string>>(new Map())

type FormProps = { onSubmit: (values: FormValues) => void; error: unknown; children: ReactNode; className?: string }

/** Form shows a refused submission: the server's message at each field it names, its sentence above, the focus on the first bad field. */
export function Form({ onSubmit, error, children, className = '' }: FormProps) {
  const form = useRef<HTMLFormElement>(null)
  const fields = error instanceof Problem ? error.fields : new Map<string, string>()

  useEffect(() => {
    if (error) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
  }, [error])

  return (
    <form
      ref={form}
      className={`grid gap-4 ${className}`}
      onSubmit={(event) => {
        event.preventDefault()
        onSubmit(valuesOf(new FormData(event.currentTarget)))
      }}
    >
      <ErrorNotice error={error} />
      <FieldErrors value={fields}>{children}</FieldErrors>
    </form>
  )
}

function valuesOf(data: FormData): FormValues {
  const exact = (name: string) => {
    const value = data.get(name)
    return typeof value === 'string' ? value : ''
  }
  const text = (name: string) => exact(name).trim()
  return {
    text,
    exact,
    optional: (name) => text(name) || null,
    number: (name) => Number(text(name)),
    optionalNumber: (name) => (text(name) === '' ? null : Number(text(name))),
    all: (name) => data.getAll(name).filter((value) => typeof value === 'string'),
  }
}

const inputClass =
  'min-h-11 w-full rounded-xl border border-line-strong bg-surface px-3 py-2 text-base text-ink placeholder:text-ink-soft aria-invalid:border-danger'

type FieldProps = { name: string; label: string; hint?: string; optional?: boolean }
type Wiring = { id: string; name: string; 'aria-describedby'?: string; 'aria-invalid'?: boolean }

function Field({ name, label, hint, optional, children }: FieldProps & { children: (wiring: Wiring) => ReactNode }) {
  const { t } = useTranslation()
  const id = useId()
  const error = useContext(FieldErrors).get(name)
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ')
  return (
    <div className="grid gap-1.5">
      <label htmlFor={id} className="font-semibold">
        {label} {optional && <span className="font-normal text-ink-soft">({t('app.optional')})</span>}
      </label>
      {children({ id, name, 'aria-describedby': described || undefined, 'aria-invalid': error ? true : undefined })}
      {hint && (
        <p id={`${id}-hint`} className="text-sm text-ink-soft">
          {hint}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} className="text-sm font-semibold text-danger">
          {error}
        </p>
      )}
    </div>
  )
}

/** TextField is a labelled one-line input; `suggestions` are offered but do not bind. */
export function TextField({
  name,
  label,
  hint,
  optional,
  suggestions,
  ...rest
}: FieldProps & ComponentProps<'input'> & { suggestions?: string[] }) {
  const listId = useId()
  return (
    <Field name={name} label={label} hint={hint} optional={optional}>
      {(wiring) => (
        <>
          <input type="text" {...rest} {...wiring} list={suggestions && listId} className={inputClass} />
          {suggestions && (
            <datalist id={listId}>
              {suggestions.map((value) => (
                <option key={value} value={value} />
              ))}
            </datalist>
          )}
        </>
      )}
    </Field>
  )
}

/** PasswordField is a password input that can be made readable. */
export function PasswordField({ name, label, hint, ...rest }: FieldProps & ComponentProps<'input'>) {
  const { t } = useTranslation()
  const [shown, setShown] = useState(false)
  return (
    <Field name={name} label={label} hint={hint}>
      {(wiring) => (
        <div className="relative">
          <input
            required
            maxLength={200}
            {...rest}
            {...wiring}
            type={shown ? 'text' : 'password'}
            className={`${inputClass} pe-12`}
          />
          <button
            type="button"
            aria-pressed={shown}
            aria-label={t('auth.showPassword')}
            title={t('auth.showPassword')}
            onClick={() => setShown(!shown)}
            className={`absolute inset-y-0 end-0 flex w-11 items-center justify-center rounded-xl hover:text-ink ${shown ? 'text-accent' : 'text-ink-soft'}`}
          >
            <Icon name="eye" />
          </button>
        </div>
      )}
    </Field>
  )
}

/** AreaField is a labelled input of several lines. */
export function AreaField({ name, label, hint, optional, ...rest }: FieldProps & ComponentProps<'textarea'>) {
  return (
    <Field name={name} label={label} hint={hint} optional={optional}>
      {(wiring) => <textarea rows={3} maxLength={5000} {...rest} {...wiring} className={inputClass} />}
    </Field>
  )
}

/** SelectField is a labelled choice from a list. */
export function SelectField({ name, label, hint, children, ...rest }: FieldProps & ComponentProps<'select'>) {
  return (
    <Field name={name} label={label} hint={hint}>
      {(wiring) => (
        <select {...rest} {...wiring} className={inputClass}>
          {children}
        </select>
      )}
    </Field>
  )
}

/** ChoiceField is one option of a group with a line that explains it: a radio button, or a checkbox. */
export function ChoiceField({
  label,
  text,
  aside,
  type = 'radio',
  ...rest
}: { label: string; text?: string; aside?: string } & ComponentProps<'input'>) {
  return (
    <label className="flex min-h-11 cursor-pointer items-start gap-3 rounded-xl border border-line bg-surface px-3 py-2.5 has-checked:border-accent has-checked:bg-accent-soft has-focus-visible:outline-3 has-focus-visible:outline-offset-2 has-focus-visible:outline-accent">
      <input type={type} {...rest} className="mt-1 size-4 shrink-0 accent-accent outline-none" />
      <span className="grid min-w-0 grow">
        <span className="font-semibold">{label}</span>
        {text && <span className="text-sm text-ink-soft">{text}</span>}
      </span>
      {aside && <span className="font-bold text-accent-strong tabular-nums">{aside}</span>}
    </label>
  )
}

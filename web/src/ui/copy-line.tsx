import { useTranslation } from 'react-i18next'
import { Button } from './button.tsx'
import { showToast } from './toast-store.ts'

/** CopyLine is a line of text to be taken elsewhere, with a button that copies it. */
export function CopyLine({ text, label }: { text: string; label: string }) {
  const { t } = useTranslation()
  return (
    <div className="flex gap-2">
      <input
        readOnly
        aria-label={label}
        value={text}
        onFocus={(event) => event.currentTarget.select()}
        className="min-h-11 min-w-0 grow rounded-xl border border-line-strong bg-sunken px-3 font-mono text-sm"
      />
      {/* The clipboard exists only on https and localhost; elsewhere the line selects itself to be copied by hand. */}
      {'clipboard' in navigator && (
        <Button
          look="secondary"
          onClick={() => void navigator.clipboard.writeText(text).then(() => showToast(t('app.copied')))}
        >
          {t('app.copy')} <span className="sr-only">{label}</span>
        </Button>
      )}
    </div>
  )
}

import { useEffect, useRef, type ComponentProps } from 'react'

type MessageAreaProps = Omit<ComponentProps<'textarea'>, 'value' | 'onChange' | 'onKeyDown' | 'ref'> & {
  text: string
  onText: (text: string) => void
  onEscape?: () => void
  /** Takes the focus when it appears, behind the text. */
  takesFocus?: boolean
}

const mostPixels = 180

/** MessageArea is where a message is written: as high as its text, up to some seven lines. Enter sends its form, Shift+Enter makes a line. */
export function MessageArea({ text, onText, onEscape, takesFocus = false, className = '', ...rest }: MessageAreaProps) {
  const area = useRef<HTMLTextAreaElement>(null)
  useEffect(() => {
    const element = area.current
    if (!element) return
    element.style.height = 'auto'
    element.style.height = `${Math.min(element.scrollHeight + 2, mostPixels)}px`
  }, [text])
  useEffect(() => {
    if (!takesFocus) return
    const element = area.current
    element?.focus()
    element?.setSelectionRange(element.value.length, element.value.length)
  }, [takesFocus])
  return (
    <textarea
      ref={area}
      rows={1}
      value={text}
      maxLength={8000}
      onChange={(event) => onText(event.target.value)}
      onKeyDown={(event) => {
        // While an input method composes a character, its keys belong to it.
        if (event.nativeEvent.isComposing) return
        if (event.key === 'Escape') onEscape?.()
        if (event.key !== 'Enter' || event.shiftKey) return
        event.preventDefault()
        event.currentTarget.form?.requestSubmit()
      }}
      className={`min-h-11 resize-none px-3 py-2 text-base ${className}`}
      {...rest}
    />
  )
}

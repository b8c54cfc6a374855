import { useEffect, useRef, type RefObject } from 'react'

const mostPixels = 180

/** useGrowingArea makes a text area as high as its text, up to some seven lines; the area takes the ref. */
export function useGrowingArea(text: string): RefObject<HTMLTextAreaElement | null> {
  const area = useRef<HTMLTextAreaElement>(null)
  useEffect(() => {
    const element = area.current
    if (!element) return
    element.style.height = 'auto'
    element.style.height = `${Math.min(element.scrollHeight + 2, mostPixels)}px`
  }, [text])
  return area
}

/** isSendKey says whether a key press sends: Enter without Shift. While an input method composes a character, Enter belongs to it. */
export function isSendKey(event: { key: string; shiftKey: boolean; nativeEvent: { isComposing: boolean } }): boolean {
  return event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing
}

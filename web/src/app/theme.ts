import { useSyncExternalStore } from 'react'
import { browserStorage } from '../api/browser-session.ts'

/** Theme is how the app looks: like the device, or always light or dark. */
export type Theme = 'system' | 'light' | 'dark'

const storageKey = 'tangga.theme'
const listeners = new Set<() => void>()

function currentTheme(): Theme {
  const stored = browserStorage.getItem(storageKey)
  return stored === 'light' || stored === 'dark' ? stored : 'system'
}

/** applyTheme makes the document look as chosen; called before the first paint. */
export function applyTheme(): void {
  const theme = currentTheme()
  if (theme === 'system') document.documentElement.removeAttribute('data-theme')
  else document.documentElement.setAttribute('data-theme', theme)
}

/** chooseTheme changes the look and remembers it in this browser. */
export function chooseTheme(theme: Theme): void {
  browserStorage.setItem(storageKey, theme)
  applyTheme()
  for (const listener of listeners) listener()
}

/** useTheme is the chosen look. */
export function useTheme(): Theme {
  return useSyncExternalStore((listener) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }, currentTheme)
}

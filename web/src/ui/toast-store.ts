/** Toast is a short message that passes; `lines` stand below the title. */
export type Toast = { id: number; title: string; lines: string[]; festive: boolean }

const showForMs = 5_000
let toasts: readonly Toast[] = []
let lastId = 0
const listeners = new Set<() => void>()

function set(next: readonly Toast[]) {
  toasts = next
  for (const listener of listeners) listener()
}

/** toastStore is the messages shown now. */
export const toastStore = {
  subscribe(listener: () => void): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  },
  get: () => toasts,
}

/** showToast shows a message for a few seconds; the three newest stay visible. */
export function showToast(
  title: string,
  { lines = [], festive = false }: { lines?: string[]; festive?: boolean } = {},
): void {
  const toast = { id: ++lastId, title, lines, festive }
  set([...toasts.slice(-2), toast])
  setTimeout(() => hideToast(toast.id), showForMs + lines.length * 2_000)
}

/** hideToast takes a message away before its time. */
export function hideToast(id: number): void {
  set(toasts.filter((toast) => toast.id !== id))
}

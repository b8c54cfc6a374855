import type { QueryKey } from '@tanstack/react-query'
import { queryClient } from './query-client.ts'

const channel = new BroadcastChannel('tangga.changes')

/** tellOtherTabs has the other tabs of this browser read again what has changed: one that is hidden once it is looked at. */
export function tellOtherTabs(...changed: QueryKey[]): void {
  channel.postMessage(changed)
}

channel.addEventListener('message', ({ data }: MessageEvent<QueryKey[]>) => {
  for (const queryKey of data) void readAgain(queryKey)
})

async function readAgain(queryKey: QueryKey): Promise<void> {
  if (document.visibilityState === 'hidden') return queryClient.invalidateQueries({ queryKey, refetchType: 'none' })
  // A first reading under way may be of before the change.
  await queryClient.cancelQueries({ queryKey })
  await queryClient.invalidateQueries({ queryKey })
}

import { randomKey } from '../../api/action-key.ts'
import { session } from '../../api/browser-session.ts'
import { ask, chatSessionsChanged, messagesChanged, remake, runEvents, stopRun } from '../../api/chat.ts'
import { pointsChanged } from '../../api/gamification.ts'
import { createRunStore } from './run-store.ts'

/** runs are the live answers of this tab. */
export const runs = createRunStore({
  ask,
  remake,
  runEvents,
  stop: stopRun,
  async afterRun(view, businessId) {
    await Promise.all([
      view.sessionId !== undefined && messagesChanged(view.sessionId),
      chatSessionsChanged(businessId),
      view.rewards.length > 0 && pointsChanged(businessId),
    ])
    // A model may give a new conversation a better title, a moment after its first answer.
    if (view.sessionTitle !== undefined)
      for (const ms of [3_000, 10_000]) setTimeout(() => void chatSessionsChanged(businessId), ms)
  },
  newKey: randomKey,
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
})

session.listen(() => runs.clear())

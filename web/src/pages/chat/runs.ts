import { randomKey } from '../../api/action-key.ts'
import { session } from '../../api/browser-session.ts'
import { ask, readChatSessions, readMessages, remake, runBegan, runEvents, stopRun } from '../../api/chat.ts'
import { pointsChanged } from '../../api/gamification.ts'
import { createRunStore } from './run-store.ts'

// A model may give a new conversation a better title, a moment after its first answer.
const TITLED_AFTER_MS = 5_000

/** runs are the live answers of this tab. */
export const runs = createRunStore({
  ask,
  remake,
  runEvents,
  stop: stopRun,
  began: runBegan,
  async afterRun(view, businessId) {
    await Promise.all([
      view.sessionId !== undefined && readMessages(view.sessionId),
      readChatSessions(businessId),
      view.rewards.length > 0 && pointsChanged(businessId),
    ])
    if (view.sessionTitle !== undefined) setTimeout(() => void readChatSessions(businessId), TITLED_AFTER_MS)
  },
  newKey: randomKey,
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
})

session.listen(() => runs.clear())

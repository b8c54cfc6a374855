import type { RunContext } from '../agent/index.ts'
import type { User } from '../auth/index.ts'
import type { businesses } from '../business/index.ts'

/** runContext is who a run is for, as the engine is told. */
export function runContext(options: {
  runId: string
  user: Pick<User, 'id' | 'name' | 'locale'>
  business: typeof businesses.$inferSelect
}): RunContext {
  const { runId, user, business } = options
  return {
    runId,
    userId: user.id,
    userName: user.name,
    locale: user.locale,
    business: {
      id: business.id,
      name: business.businessName,
      stage: business.businessStage,
      category: business.businessCategory,
      description: business.businessDescription,
      primaryGoal: business.primaryGoal,
      targetMarket: business.targetMarket,
      timeZone: business.timeZone,
      currency: business.currency,
    },
  }
}

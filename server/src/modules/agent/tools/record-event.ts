import { z } from 'zod'
import type { Log } from '../../../platform/logger.ts'
import { oneLine } from '../../../platform/text.ts'
import type { News } from '../../gamification/index.ts'
import type { EventRecorder, Standings } from '../dependencies.ts'
import type { Earned } from '../engine.ts'
import { defineTool, ToolError } from './tool.ts'

const RULES_NAMED = 40

/** recordedEvent is what record_event answers; `reason` is `daily_cap` or `cooldown` where less was awarded. */
export const recordedEvent = z.object({
  type: z.string(),
  points_awarded: z.number(),
  total_points: z.number(),
  level: z.string().nullable(),
  levels_gained: z.array(z.string()),
  achievements_unlocked: z.array(z.string()),
  reason: z.string().nullable(),
})

/** recordEvent records that the owner did something which earns points, once they agree; one call awards once. */
export function recordEvent({ standings, events, log }: { standings: Standings; events: EventRecorder; log: Log }) {
  async function ruleOf(type: string) {
    const rules = await standings.earnableRules()
    const rule = rules.find((one) => one.type === type)
    if (rule) return rule
    const types = rules.slice(0, RULES_NAMED).map((one) => one.type)
    throw new ToolError(`There is no such kind of event that owners can record. There are: ${types.join(', ')}.`)
  }

  /** newsOf tells what was earned; the award stands, whether or not that can be read. */
  async function newsOf(businessId: string, eventId: string): Promise<Earned[]> {
    try {
      return (await events.newsOf(businessId, eventId)).map(earnedOf)
    } catch (error) {
      log.warn({ err: error }, 'what an event has earned could not be read')
      return []
    }
  }

  return defineTool({
    name: 'record_event',
    description:
      'Records that the owner did something that earns points, such as sales_recorded, after the owner has approved it. Call it when they say that they did it and want it recorded; list_point_rules names the types. It answers the points that came of it.',
    input: z.object({
      type: z.string().min(1).max(200).describe('a type from list_point_rules'),
      note: oneLine(1, 200).optional().describe("what was done, in the owner's words"),
    }),
    output: recordedEvent,
    labels: {
      en: { start: 'Recording what you did', end: 'Recorded what you did', failed: 'It was not recorded' },
      id: { start: 'Mencatat kegiatan Anda', end: 'Sudah mencatat kegiatan Anda', failed: 'Tidak jadi dicatat' },
    },
    async preview({ business, locale }, { type, note }) {
      const rule = await ruleOf(type)
      const { totalPoints } = await standings.standingOf(business.id)
      const words = WORDS[locale]
      const what = type.replaceAll('_', ' ')
      return {
        summary: words.summary(what, business.name),
        changes: [
          { label: words.event, before: null, after: what },
          ...(note === undefined ? [] : [{ label: words.note, before: null, after: note }]),
          {
            label: words.points,
            before: words.number(totalPoints),
            // A cap or a cooldown may make it less.
            after: words.upTo(words.number(totalPoints + rule.points)),
          },
        ],
      }
    },
    async execute({ runId, userId, business }, { type, note }, call) {
      await ruleOf(type)
      const receipt = await events.recordEvent(userId, {
        type,
        business_id: business.id,
        idempotency_key: `advisor ${runId} ${call.callId}`,
        metadata: { recorded_by: 'advisor', ...(note === undefined ? {} : { note }) },
      })
      if (!receipt.replayed) for (const news of await newsOf(business.id, receipt.event_id)) call.earned(news)
      return {
        type,
        points_awarded: receipt.points_awarded,
        total_points: receipt.total_points,
        level: receipt.level?.name ?? null,
        levels_gained: receipt.levels_gained,
        achievements_unlocked: receipt.unlocked,
        reason: receipt.reason ?? null,
      }
    },
  })
}

function earnedOf(news: News): Earned {
  const { business_id: businessId } = news.data
  switch (news.kind) {
    case 'points': {
      const { event_id: eventId, type: eventType, points, total_points: totalPoints } = news.data
      return { type: 'PointsEarned', eventId, businessId, eventType, points, totalPoints }
    }
    case 'level_up':
      return { type: 'LevelReached', businessId, level: news.data.level }
    case 'achievement': {
      const { id, title, badge_icon: badgeIcon } = news.data.achievement
      return { type: 'AchievementUnlocked', businessId, achievement: { id, title, badgeIcon } }
    }
  }
}

const WORDS = {
  en: {
    summary: (what: string, business: string) => `Record “${what}” for ${business}`,
    event: 'What',
    note: 'Note',
    points: 'Points',
    upTo: (points: string) => `up to ${points}`,
    number: (value: number) => value.toLocaleString('en'),
  },
  id: {
    summary: (what: string, business: string) => `Catat “${what}” untuk ${business}`,
    event: 'Kegiatan',
    note: 'Catatan',
    points: 'Poin',
    upTo: (points: string) => `hingga ${points}`,
    number: (value: number) => value.toLocaleString('id'),
  },
}

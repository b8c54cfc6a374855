import { z } from 'zod'
import type { App } from '../../platform/http/app-types.ts'
import { sendPage } from '../../platform/http/paging.ts'
import { sendJson } from '../../platform/http/send-json.ts'
import { callerOf } from '../auth/index.ts'
import {
  achievementSchema,
  businessPageQuery,
  businessQuery,
  earnableRule,
  eventInput,
  leaderboardEntry,
  leaderboardQuery,
  pointsEntry,
  receiptSchema,
} from './dto.ts'
import type { GamificationService } from './service.ts'

const tags = ['Gamification']
const config = { access: 'user' } as const

/** gamificationRoutes are what owners see and do in the game. */
export function gamificationRoutes({ service }: { service: GamificationService }) {
  return async (app: App): Promise<void> => {
    app.get(
      '/gamification/achievements',
      {
        config,
        schema: {
          tags,
          summary: 'Every achievement, and how far the business is',
          querystring: businessQuery,
          response: { 200: z.array(achievementSchema) },
        },
      },
      (request) => service.getAchievements(callerOf(request).userId, request.query.business_id),
    )

    app.get(
      '/gamification/leaderboard',
      {
        config,
        schema: {
          tags,
          summary: 'The top businesses, and the own one',
          description:
            'By rank: 1, 2, 2, 4. When the own business is not among the top, it is appended last with its true rank. Hidden businesses are on no board.',
          querystring: leaderboardQuery,
          response: { 200: z.array(leaderboardEntry) },
        },
      },
      async (request, reply) => {
        const { business_id: businessId, limit } = request.query
        const json = await service.leaderboardJson({ userId: callerOf(request).userId, businessId, limit })
        return sendJson(reply, json)
      },
    )

    app.get(
      '/gamification/rules',
      {
        config,
        schema: {
          tags,
          summary: 'What an owner can record, and what it is worth',
          response: { 200: z.array(earnableRule) },
        },
      },
      async () => {
        const rules = await service.earnableRules()
        return rules.map(({ dailyCap, cooldownSeconds, ...rule }) => ({
          ...rule,
          daily_cap: dailyCap,
          cooldown_seconds: cooldownSeconds,
        }))
      },
    )

    app.post(
      '/gamification/events',
      {
        config,
        schema: {
          tags,
          summary: 'Record an event, awarded by its rule',
          description:
            'The same key with the same body answers the stored receipt with 200 and awards nothing; with another body it is 409. An unknown type is 422, one that is closed to owners 403.',
          body: eventInput,
          response: { 200: receiptSchema.describe('Replayed'), 201: receiptSchema.describe('Awarded') },
        },
      },
      async (request, reply) => {
        const receipt = await service.recordEvent(callerOf(request).userId, request.body)
        return reply.code(receipt.replayed ? 200 : 201).send(receipt)
      },
    )

    app.get(
      '/gamification/points',
      {
        config,
        schema: {
          tags,
          summary: 'The points ledger, newest first',
          querystring: businessPageQuery,
          response: { 200: z.array(pointsEntry) },
        },
      },
      async (request, reply) => {
        const { business_id: businessId, ...page } = request.query
        return sendPage(request, reply, await service.getPoints(callerOf(request).userId, { businessId, ...page }))
      },
    )
  }
}

import { z } from 'zod'
import type { App } from '../../platform/http/app-types.ts'
import { problemSchema } from '../../platform/http/openapi.ts'
import { sendPage } from '../../platform/http/paging.ts'
import { sendJson } from '../../platform/http/send-json.ts'
import { actorOf, callerOf, keyOf } from '../auth/index.ts'
import {
  achievementSchema,
  batchInput,
  businessPageQuery,
  businessQuery,
  earnableRule,
  eventInput,
  feedEvent,
  feedHeaders,
  feedQuery,
  leaderboardEntry,
  idParams,
  leaderboardQuery,
  pointExplanation,
  pointsEntry,
  receiptSchema,
} from './dto.ts'
import { sendFeed } from './send-feed.ts'
import { languageOf } from './language-of.ts'
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
        config: { access: 'user', keyScope: 'events:write' },
        schema: {
          tags,
          summary: 'Record an event, awarded by its rule',
          description:
            'By an owner for a business of their own, or by an API key for any. The same key with the same body answers the stored receipt with 200 and awards nothing; with another body it is 409. An unknown type is 422, one that is closed to owners, or to API keys, 403. An owner dates events within the last 48 hours, a key any time in the past; both at most 5 minutes ahead.',
          body: eventInput,
          response: { 200: receiptSchema.describe('Replayed'), 201: receiptSchema.describe('Awarded') },
        },
      },
      async (request, reply) => {
        const actor = actorOf(request)
        const receipt =
          actor.kind === 'user'
            ? await service.recordEvent(actor.userId, request.body)
            : await service.recordKeyEvent(actor.keyId, request.body)
        return reply.code(receipt.replayed ? 200 : 201).send(receipt)
      },
    )

    app.post(
      '/gamification/events/batch',
      {
        config: { access: 'key', keyScope: 'events:write' },
        schema: {
          tags,
          summary: 'Record up to 1,000 events',
          description:
            'Answers one result for each event, in order: its receipt, or the problem that it would have been answered with alone. One bad event fails alone. To send a batch again is safe: what was recorded is answered with `replayed: true`.',
          body: batchInput,
          response: { 200: z.object({ results: z.array(z.union([receiptSchema, problemSchema])) }) },
        },
      },
      async (request, reply) => {
        const results = await service.recordBatch({ keyId: keyOf(request).keyId, events: request.body.events })
        // Made by the service in this very shape, by the thousand: not worth another look at each.
        return sendJson(reply, JSON.stringify({ results }))
      },
    )

    app.get(
      '/gamification/stream',
      {
        config: { access: 'user', keyScope: 'feed:read' },
        // A HEAD would hold a stream open that nothing is sent on.
        exposeHeadRoute: false,
        schema: {
          tags,
          summary: 'What businesses earn, live',
          description:
            "Of all the caller's businesses, or of the one named; an API key names one. Begins with what happens from now on or, with `Last-Event-ID`, goes on after that event, however old, at any instance, with nothing lost and nothing sent twice. `X-Last-Event-Id` of the answer is where it begins, to go on from before the first event has come. Businesses made since the stream was opened join on reconnecting. In order for each business.",
          querystring: feedQuery,
          headers: feedHeaders,
          response: {
            200: {
              description:
                'Server-sent events. Each is one `id` line, opaque, and one `data` line with the JSON below; comment lines keep the connection alive.',
              content: { 'text/event-stream': { schema: feedEvent } },
            },
          },
        },
      },
      async (request, reply) => {
        const feed = await service.openFeed(actorOf(request), {
          businessId: request.query.business_id,
          lastEventId: request.headers['last-event-id'],
        })
        await sendFeed(reply, feed)
        return reply
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

    app.get(
      '/gamification/points/:id',
      {
        config,
        schema: {
          tags,
          summary: 'Why a line of the ledger has its points',
          description:
            'In English or Indonesian: as Accept-Language asks, else in the language of the account. The rule is told as it stood then.',
          params: idParams,
          response: { 200: pointExplanation },
        },
      },
      async (request, reply) => {
        const explanation = await service.explainPoint({
          userId: callerOf(request).userId,
          id: request.params.id,
          language: languageOf(request.headers['accept-language']),
        })
        return reply
          .header('content-language', explanation.language)
          .header('vary', 'Accept-Language')
          .send(explanation)
      },
    )
  }
}

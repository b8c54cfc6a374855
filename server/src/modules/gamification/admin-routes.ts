import { z } from 'zod'
import type { App } from '../../platform/http/app-types.ts'
import { pageQuery, sendPage } from '../../platform/http/paging.ts'
import { callerOf } from '../auth/index.ts'
import {
  achievementChanges,
  achievementInput,
  adjustmentInput,
  adminAchievement,
  adminLevel,
  adminRule,
  idParams,
  levelChanges,
  levelInput,
  pointExplanation,
  receiptSchema,
  ruleChanges,
  ruleInput,
} from './dto.ts'
import { languageOf } from './language-of.ts'
import type { GamificationService } from './service.ts'

const tags = ['Gamification, for admins']
const config = { access: 'admin' } as const
const deleted = { 204: z.undefined().describe('Deleted') }

/** gamificationAdminRoutes are how admins define the game. */
export function gamificationAdminRoutes({ service }: { service: GamificationService }) {
  return async (app: App): Promise<void> => {
    const achievements = '/admin/gamification/achievements'
    app.post(
      achievements,
      {
        config,
        schema: { tags, summary: 'Make an achievement', body: achievementInput, response: { 201: adminAchievement } },
      },
      async (request, reply) =>
        reply.code(201).send(await service.createAchievement(callerOf(request).userId, request.body)),
    )
    app.get(
      achievements,
      {
        config,
        schema: {
          tags,
          summary: 'List achievements',
          querystring: pageQuery,
          response: { 200: z.array(adminAchievement) },
        },
      },
      async (request, reply) => sendPage(request, reply, await service.listAchievements(request.query)),
    )
    app.put(
      `${achievements}/:id`,
      {
        config,
        schema: {
          tags,
          summary: 'Change an achievement',
          params: idParams,
          body: achievementChanges,
          response: { 200: adminAchievement },
        },
      },
      (request) => service.updateAchievement(callerOf(request).userId, request.params.id, request.body),
    )
    app.delete(
      `${achievements}/:id`,
      {
        config,
        schema: { tags, summary: 'Delete an achievement; who earned it keeps it', params: idParams, response: deleted },
      },
      async (request, reply) => {
        await service.deleteAchievement(callerOf(request).userId, request.params.id)
        return reply.code(204).send()
      },
    )

    const levels = '/admin/business/levels'
    app.post(
      levels,
      { config, schema: { tags, summary: 'Make a level', body: levelInput, response: { 201: adminLevel } } },
      async (request, reply) => reply.code(201).send(await service.createLevel(callerOf(request).userId, request.body)),
    )
    app.get(
      levels,
      {
        config,
        schema: { tags, summary: 'List levels', querystring: pageQuery, response: { 200: z.array(adminLevel) } },
      },
      async (request, reply) => sendPage(request, reply, await service.listLevels(request.query)),
    )
    app.put(
      `${levels}/:id`,
      {
        config,
        schema: {
          tags,
          summary: 'Change a level',
          params: idParams,
          body: levelChanges,
          response: { 200: adminLevel },
        },
      },
      (request) => service.updateLevel(callerOf(request).userId, request.params.id, request.body),
    )
    app.delete(
      `${levels}/:id`,
      { config, schema: { tags, summary: 'Delete a level', params: idParams, response: deleted } },
      async (request, reply) => {
        await service.deleteLevel(callerOf(request).userId, request.params.id)
        return reply.code(204).send()
      },
    )

    const rules = '/admin/gamification/rules'
    app.post(
      rules,
      { config, schema: { tags, summary: 'Make a point rule', body: ruleInput, response: { 201: adminRule } } },
      async (request, reply) => reply.code(201).send(await service.createRule(callerOf(request).userId, request.body)),
    )
    app.get(
      rules,
      {
        config,
        schema: { tags, summary: 'List point rules', querystring: pageQuery, response: { 200: z.array(adminRule) } },
      },
      async (request, reply) => sendPage(request, reply, await service.listRules(request.query)),
    )
    app.put(
      `${rules}/:id`,
      {
        config,
        schema: {
          tags,
          summary: 'Change a point rule',
          params: idParams,
          body: ruleChanges,
          response: { 200: adminRule },
        },
      },
      (request) => service.updateRule(callerOf(request).userId, request.params.id, request.body),
    )
    app.delete(
      `${rules}/:id`,
      { config, schema: { tags, summary: 'Delete a point rule', params: idParams, response: deleted } },
      async (request, reply) => {
        await service.deleteRule(callerOf(request).userId, request.params.id)
        return reply.code(204).send()
      },
    )

    app.post(
      '/admin/gamification/adjustments',
      {
        config: { ...config, problems: [404] },
        schema: {
          tags,
          summary: 'Give or take points by hand',
          body: adjustmentInput,
          response: { 200: receiptSchema.describe('Replayed'), 201: receiptSchema.describe('Adjusted') },
        },
      },
      async (request, reply) => {
        const receipt = await service.adjust(callerOf(request).userId, request.body)
        return reply.code(receipt.replayed ? 200 : 201).send(receipt)
      },
    )

    app.get(
      '/admin/gamification/points/:id',
      {
        config,
        schema: {
          tags,
          summary: 'Why a line of any ledger has its points',
          params: idParams,
          response: { 200: pointExplanation },
        },
      },
      async (request, reply) => {
        const explanation = await service.explainPointToAdmin({
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

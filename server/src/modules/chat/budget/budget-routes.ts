import { z } from 'zod'
import type { App } from '../../../platform/http/app-types.ts'
import { sendPage } from '../../../platform/http/paging.ts'
import { callerOf } from '../../auth/index.ts'
import type { BudgetService } from './budget-service.ts'
import {
  adminUsageDto,
  budgetBody,
  budgetsQuery,
  ownerBudgetDto,
  ownerBudgetTodayDto,
  ownerParams,
  programmeBudgetDto,
  usageDto,
  usageQuery,
} from './dto.ts'

/** budgetRoutes tell owners what they have used, and let admins see that and set budgets. */
export function budgetRoutes({ service }: { service: BudgetService }) {
  const admin = { access: 'admin' } as const
  const tags = ['Admin']
  return async (app: App): Promise<void> => {
    app.get(
      '/chat/usage',
      {
        config: { access: 'user' },
        schema: {
          tags: ['Chat'],
          summary: 'What I have used: today and by day, model and conversation',
          querystring: usageQuery,
          response: { 200: usageDto },
        },
      },
      async (request) => service.usageOf(callerOf(request).userId, request.query),
    )

    app.get(
      '/admin/chat/usage',
      {
        config: admin,
        schema: {
          tags,
          summary: 'What everybody has used, by day, model and owner',
          querystring: usageQuery,
          response: { 200: adminUsageDto },
        },
      },
      async (request) => service.usageOfAll(request.query),
    )

    app.get(
      '/admin/chat/budgets',
      {
        config: admin,
        schema: { tags, summary: 'What an owner may use in a day', response: { 200: programmeBudgetDto } },
      },
      async () => service.programmeBudget(),
    )

    app.put(
      '/admin/chat/budgets',
      {
        config: admin,
        schema: {
          tags,
          summary: 'Change what an owner may use in a day',
          description: 'Holds from the next message of everybody who has no budget of their own.',
          body: budgetBody,
          response: { 200: programmeBudgetDto },
        },
      },
      async (request) => service.changeProgrammeBudget({ actorId: callerOf(request).userId, body: request.body }),
    )

    app.get(
      '/admin/chat/budgets/users',
      {
        config: admin,
        schema: {
          tags,
          summary: 'Owners with a budget of their own',
          querystring: budgetsQuery,
          response: { 200: z.array(ownerBudgetDto) },
        },
      },
      async (request, reply) => sendPage(request, reply, await service.listBudgets(request.query)),
    )

    app.get(
      '/admin/chat/budgets/users/:id',
      {
        config: admin,
        schema: {
          tags,
          summary: 'The budget of one owner, and how their day stands',
          params: ownerParams,
          response: { 200: ownerBudgetTodayDto },
        },
      },
      async (request) => service.budgetOf(request.params.id),
    )

    app.put(
      '/admin/chat/budgets/users/:id',
      {
        config: admin,
        schema: {
          tags,
          summary: 'Give one owner a budget of their own',
          description: 'A field that is null holds as for everybody. Holds from their next message on.',
          params: ownerParams,
          body: budgetBody,
          response: { 200: ownerBudgetTodayDto },
        },
      },
      async (request) =>
        service.changeBudgetOf({
          actorId: callerOf(request).userId,
          userId: request.params.id,
          body: request.body,
        }),
    )

    app.delete(
      '/admin/chat/budgets/users/:id',
      {
        config: admin,
        schema: {
          tags,
          summary: "Take an owner's own budget away",
          params: ownerParams,
          response: { 204: z.null() },
        },
      },
      async (request, reply) => {
        await service.removeBudgetOf({ actorId: callerOf(request).userId, userId: request.params.id })
        return reply.code(204).send(null)
      },
    )
  }
}

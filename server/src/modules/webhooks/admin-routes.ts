import { z } from 'zod'
import type { App } from '../../platform/http/app-types.ts'
import { pageQuery, sendPage } from '../../platform/http/paging.ts'
import { callerOf } from '../auth/index.ts'
import {
  deliveriesQuery,
  deliverySchema,
  idParams,
  rotationInput,
  webhookChanges,
  webhookInput,
  webhookSchema,
  webhookWithSecretSchema,
} from './dto.ts'
import type { WebhookService } from './service.ts'

const tags = ['Webhooks']
const config = { access: 'admin' } as const

/** webhookAdminRoutes serve targets and their deliveries to admins. */
export function webhookAdminRoutes({ service }: { service: WebhookService }) {
  return async (app: App): Promise<void> => {
    app.post(
      '/admin/webhooks',
      {
        config,
        schema: {
          tags,
          summary: 'Register a webhook; the answer shows its signing secret, once',
          body: webhookInput,
          response: { 201: webhookWithSecretSchema },
        },
      },
      async (request, reply) =>
        reply.code(201).send(await service.createTarget(callerOf(request).userId, request.body)),
    )

    app.get(
      '/admin/webhooks',
      {
        config,
        schema: {
          tags,
          summary: 'List webhooks, newest first',
          querystring: pageQuery,
          response: { 200: z.array(webhookSchema) },
        },
      },
      async (request, reply) => sendPage(request, reply, await service.listTargets(request.query)),
    )

    app.put(
      '/admin/webhooks/:id',
      {
        config,
        schema: {
          tags,
          summary: 'Change a webhook',
          params: idParams,
          body: webhookChanges,
          response: { 200: webhookSchema },
        },
      },
      (request) => service.updateTarget(callerOf(request).userId, request.params.id, request.body),
    )

    app.delete(
      '/admin/webhooks/:id',
      {
        config,
        schema: {
          tags,
          summary: 'Delete a webhook, and what waits for it',
          params: idParams,
          response: { 204: z.undefined().describe('Deleted') },
        },
      },
      async (request, reply) => {
        await service.deleteTarget(callerOf(request).userId, request.params.id)
        return reply.code(204).send()
      },
    )

    app.post(
      '/admin/webhooks/:id/rotate-secret',
      {
        config,
        schema: {
          tags,
          summary: 'Make a new signing secret; for a while the old one signs as well',
          params: idParams,
          body: rotationInput,
          response: { 200: webhookWithSecretSchema },
        },
      },
      (request) => service.rotateSecret(callerOf(request).userId, request.params.id, request.body?.overlap_hours),
    )

    app.post(
      '/admin/webhooks/:id/test',
      {
        config,
        schema: {
          tags,
          summary: 'Send a `ping`, once, and answer what came of it',
          params: idParams,
          response: { 200: deliverySchema },
        },
      },
      (request) => service.sendPing(callerOf(request).userId, request.params.id),
    )

    app.get(
      '/admin/webhooks/:id/deliveries',
      {
        config,
        schema: {
          tags,
          summary: 'List deliveries, newest first, with what was sent and what came back',
          params: idParams,
          querystring: deliveriesQuery,
          response: { 200: z.array(deliverySchema) },
        },
      },
      async (request, reply) =>
        sendPage(request, reply, await service.listDeliveries(request.params.id, request.query)),
    )

    app.post(
      '/admin/webhooks/deliveries/:id/redeliver',
      {
        config: { ...config, problems: [409] },
        schema: {
          tags,
          summary: 'Send a delivery again, with the same id; one that waits is tried at once',
          params: idParams,
          response: { 202: deliverySchema },
        },
      },
      async (request, reply) =>
        reply.code(202).send(await service.redeliver(callerOf(request).userId, request.params.id)),
    )
  }
}

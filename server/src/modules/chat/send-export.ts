import type { FastifyReply } from 'fastify'
import type { SessionExport } from './session-export.ts'

/** sendExport answers with a file that is written while it is sent; a reader who goes away ends the writing. */
export function sendExport(reply: FastifyReply, { body, contentType, filename }: SessionExport): FastifyReply {
  return reply
    .header('content-disposition', `attachment; filename="${filename}"`)
    .header('content-type', contentType)
    .header('cache-control', 'no-store')
    .send(body)
}

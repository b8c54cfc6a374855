import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { Problem } from '../errors.ts'
import { newId } from '../ids.ts'
import { problemDocument } from './problem-handler.ts'

/**
 * refuseBrokenRequest answers bytes that are no HTTP request, or not one in time, with a problem, and hangs up. There is
 * no request yet at that point, so nothing else of the server sees them.
 */
export function refuseBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  // Where an answer has begun, a second one in its middle would be taken for part of it.
  const isAnswering = Boolean(Reflect.get(socket, '_httpMessage')?.headersSent)
  if (error.code === 'ECONNRESET' || !socket.writable || isAnswering) {
    socket.destroy()
    return
  }
  const refusal = refusalOf(error.code)
  const body = JSON.stringify(problemDocument(refusal))
  const head = [
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? ''}`,
    'Connection: close',
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'X-Content-Type-Options: nosniff',
    `X-Request-Id: ${newId()}`,
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}

function refusalOf(code: string | undefined): Problem {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new Problem(408, 'request_timeout', 'The request took too long to arrive.')
  if (code === 'HPE_HEADER_OVERFLOW') return new Problem(431, 'headers_too_large', 'The headers are too large.')
  return new Problem(400, 'malformed_request', 'This is not a request that can be read.')
}

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createTanggaClient } from './tangga-client.ts'
import type { TanggaClientOptions } from './tangga-client.ts'
import { readEventStream } from './event-stream.ts'

/** A client whose requests are kept, and answered by `answer`. */
function clientWith(answer: () => Response, options: Partial<TanggaClientOptions> = {}) {
  const requests: Request[] = []
  const client = createTanggaClient({
    baseUrl: 'https://tangga.example.org',
    fetch: async (request) => {
      requests.push(request)
      return answer()
    },
    ...options,
  })
  return { client, requests }
}

describe('the client', () => {
  test('a call goes to the server with the token of the moment', async () => {
    let token = 'first'
    const { client, requests } = clientWith(() => Response.json([]), { getToken: async () => token })
    const { data } = await client.GET('/api/v1/gamification/achievements')
    token = 'second'
    await client.GET('/api/v1/gamification/achievements')
    assert.deepEqual(data, [])
    assert.equal(requests[0]?.url, 'https://tangga.example.org/api/v1/gamification/achievements')
    assert.deepEqual(
      requests.map((request) => request.headers.get('authorization')),
      ['Bearer first', 'Bearer second'],
    )
  })

  test('without a token no credentials are sent, and those of the call itself win', async () => {
    const { client, requests } = clientWith(() => Response.json([]), { getToken: () => null })
    await client.GET('/api/v1/gamification/achievements')
    assert.equal(requests[0]?.headers.has('authorization'), false)
    const other = clientWith(() => Response.json([]), { getToken: () => 'mine' })
    await other.client.GET('/api/v1/gamification/achievements', { headers: { authorization: 'Bearer theirs' } })
    assert.equal(other.requests[0]?.headers.get('authorization'), 'Bearer theirs')
  })

  test('a refusal is answered with its problem, not thrown', async () => {
    const problem = { type: 'about:blank', title: 'Conflict', status: 409, detail: 'Taken.', code: 'email_taken' }
    const { client } = clientWith(() => Response.json(problem, { status: 409 }))
    const { data, error, response } = await client.POST('/api/v1/auth/register', {
      body: { email: 'sari@example.org', password: 'a-long-enough-password', name: 'Sari' },
    })
    assert.equal(data, undefined)
    assert.equal(response.status, 409)
    assert.equal(error?.code, 'email_taken')
  })

  test('a chat is followed as it streams', async () => {
    const body = 'id: 1\ndata: {"type":"token","data":{"text":"Halo"}}\n\n'
    const { client } = clientWith(() => new Response(body, { headers: { 'content-type': 'text/event-stream' } }))
    const { data } = await client.POST('/api/v1/chat/completion', { body: { content: 'Halo' }, parseAs: 'stream' })
    assert.ok(data)
    const events = await Array.fromAsync(readEventStream(data))
    assert.deepEqual(events, [{ id: '1', type: 'token', data: { text: 'Halo' } }])
  })
})

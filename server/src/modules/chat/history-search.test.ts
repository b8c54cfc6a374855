import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type ChatServer, startChatServer } from './testing/chat-server.ts'
import { createHistorySearch } from './history-search.ts'

let server: ChatServer
before(async () => void (server = await startChatServer()))
after(() => server.close())

test('a business’s own conversations are found by any of the words, without the run that asks and deleted ones', async () => {
  const [owner, stranger] = [await server.owner(), await server.owner()]
  const search = createHistorySearch(server.db)
  const find = async (query: string, exceptRunId = '01990000-0000-7000-8000-000000000000') =>
    (await search({ businessId: owner.business.id, query, limit: 8, exceptRunId })).map(({ excerpt }) => excerpt)

  const first = await server.send(owner, 'The supplier of rice is Pak Budi')
  await first.rest()
  await (await server.send(owner, `${'word '.repeat(400)} turmeric ${'word '.repeat(400)}`)).rest()
  await (await server.send(stranger, 'The supplier of rice is a secret')).rest()

  assert.deepEqual(await find('who was the SUPPLIER?'), ['The supplier of rice is Pak Budi'])
  assert.deepEqual(await find('supplier', first.runId), [])
  assert.deepEqual(await find('secret'), [])
  assert.deepEqual(await find("'; DROP TABLE chat_messages; -- & | ! :*"), [])
  const [long = ''] = await find('turmeric')
  assert.match(long, /turmeric/)
  assert.ok(long.length < 600, `${long.length}`)

  const [session] = (await server.api('GET', '/chat/sessions', { token: owner.token })).json.slice(-1)
  await server.api('DELETE', `/chat/sessions/${session.id}`, { token: owner.token })
  assert.deepEqual(await find('supplier'), [])
})

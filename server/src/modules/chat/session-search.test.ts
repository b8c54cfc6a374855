import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { type ChatServer, startChatServer } from './testing/chat-server.ts'
import { openRunStream } from './testing/run-stream.ts'
import { say } from './testing/scripted-engine.ts'
import { prefixQuery, wordsOf } from './words-of.ts'

type Owner = Awaited<ReturnType<ChatServer['owner']>>

describe('a search of conversations', () => {
  let server: ChatServer

  before(async () => {
    server = await startChatServer()
  })
  after(() => server.close())

  /** talk has a conversation, or goes on with one, and returns its id. */
  async function talk(owner: Pick<Owner, 'token'>, question: string, answer: string, more = {}): Promise<string> {
    server.engine.script = (input) => say(input, answer)
    const sent = await (await server.send(owner, { content: question, ...more })).rest()
    const started = sent.find(({ event }) => event.type === 'run_started')?.event
    assert.ok(started?.type === 'run_started')
    return started.data.session_id
  }

  async function search(owner: Pick<Owner, 'token'>, q: string, more = '') {
    const answer = await server.api('GET', `/chat/search?q=${encodeURIComponent(q)}${more}`, owner)
    assert.equal(answer.status, 200, answer.text)
    return answer.json
  }
  const idsOf = (results: { session: { id: string } }[]) => results.map(({ session }) => session.id)

  test('finds what was asked and what was answered, by beginnings of words in both languages', async () => {
    const owner = await server.owner()
    const prices = await talk(owner, 'Berapa harga jual kopi?', 'Harganya sebaiknya Rp15.000 (naik sedikit).')
    const stock = await talk(owner, 'How much stock?', 'Count your shelves: kopi/teh, "gula"—every Monday.')
    assert.deepEqual(idsOf(await search(owner, 'harga')), [prices])
    assert.deepEqual(idsOf(await search(owner, 'HARGA jua')), [prices])
    for (const price of ['15.000', 'Rp 15', 'rp15.000']) assert.deepEqual(idsOf(await search(owner, price)), [prices])
    assert.deepEqual(idsOf(await search(owner, 'shelv')), [stock])
    for (const word of ['teh', 'gula', 'every']) assert.deepEqual(idsOf(await search(owner, word)), [stock], word)
    assert.deepEqual(new Set(idsOf(await search(owner, 'kopi'))), new Set([prices, stock]))
    assert.deepEqual(await search(owner, 'shelves harga'), [], 'all words, in one place')
    assert.deepEqual(await search(owner, '… !'), [])
  })

  test('shows the message that answers best, as text with the places of the words', async () => {
    const owner = await server.owner()
    const id = await talk(owner, 'Marketing?', 'Post <b>photos</b> of your **noodles** 🍜 at noon; noodles sell.')
    const [found] = await search(owner, 'noodle')
    assert.equal(found.session.id, id)
    assert.equal(found.session.title, 'Marketing?')
    assert.deepEqual(found.title_highlights, [])
    assert.equal(found.message.role, 'assistant')
    assert.equal(found.message.excerpt, 'Post <b>photos</b> of your noodles 🍜 at noon; noodles sell.')
    assert.deepEqual(
      found.message.highlights.map(({ start, end }: { start: number; end: number }) =>
        [...found.message.excerpt].slice(start, end).join(''),
      ),
      ['noodles', 'noodles'],
    )
    assert.equal(found.matching_messages, 1)
  })

  test('ranks a title before a message, and pages through everything once', async () => {
    const owner = await server.owner()
    const said: string[] = []
    for (let n = 0; n < 5; n++) said.push(await talk(owner, `Question ${n}`, 'It is about budgets.'))
    const titled = await talk(owner, 'Something else', 'Yes.')
    await server.api('PATCH', `/chat/sessions/${titled}`, { token: owner.token, body: { title: 'My budget' } })
    const all = await search(owner, 'budget')
    assert.deepEqual(idsOf(all), [titled, ...said.toReversed()])
    assert.deepEqual(all[0].title_highlights, [{ start: 3, end: 9 }])
    assert.equal(all[0].message, null)

    const paged: string[] = []
    let address: string | undefined = '/chat/search?q=budget&limit=2'
    while (address !== undefined) {
      const page = await server.api('GET', address, owner)
      paged.push(...idsOf(page.json))
      address = /<(.+)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1]
    }
    assert.deepEqual(paged, idsOf(all))
  })

  test('reaches neither other businesses, nor other people, nor what was deleted', async () => {
    const owner = await server.owner()
    const id = await talk(owner, 'About zebras', 'Zebras.')
    const body = { business_name: 'Second', business_category: 'x', business_stage: 'y' }
    const second = await server.api('POST', '/business/profile', { token: owner.token, body })
    assert.deepEqual(idsOf(await search(owner, 'zebra')), [id])
    assert.deepEqual(await search(owner, 'zebra', `&business_id=${second.json.id}`), [])
    const stranger = await server.owner()
    assert.deepEqual(await search(stranger, 'zebra'), [])
    const theirs = await server.api('GET', `/chat/search?q=zebra&business_id=${owner.business.id}`, stranger)
    assert.equal(theirs.status, 404)
    await server.api('DELETE', `/chat/sessions/${id}`, owner)
    assert.deepEqual(await search(owner, 'zebra'), [])
    await server.api('POST', `/chat/sessions/${id}/restore`, owner)
    assert.deepEqual(idsOf(await search(owner, 'zebra')), [id])
  })

  test('finds what is shown, and not the versions that lie behind it', async () => {
    const owner = await server.owner()
    const id = await talk(owner, 'Which colour?', 'Paint it turquoise.')
    const [, answer] = await server.messages(owner, id)
    server.engine.script = (input) => say(input, 'Paint it crimson.')
    const address = `${server.url}/api/v1/chat/messages/${answer?.['id']}/regenerate`
    const headers = { authorization: `Bearer ${owner.token}` }
    await (await openRunStream(address, { method: 'POST', headers })).rest()
    assert.deepEqual(await search(owner, 'turquoise'), [])
    assert.deepEqual(idsOf(await search(owner, 'crimson')), [id])
    const exported = await server.api('GET', `/chat/sessions/${id}/export`, owner)
    assert.match(exported.text, /crimson/)
    assert.doesNotMatch(exported.text, /turquoise/)
    await server.api('POST', `/chat/messages/${answer?.['id']}/show`, owner)
    assert.deepEqual(idsOf(await search(owner, 'turquoise')), [id])
  })

  test('takes any question: operators, quotes and nonsense are only characters', async () => {
    const owner = await server.owner()
    await talk(owner, 'Plain', 'Words.')
    for (const q of ["'", "it's", 'a & b', '!x', '(((', 'a:*', 'a:b', '\\', '<->', "' | 'x", '%', '_', '\u0301', '؟'])
      await search(owner, q)
    assert.equal((await server.api('GET', '/chat/search', owner)).status, 422)
    assert.equal((await server.api('GET', '/chat/search?q=%00', owner)).status, 422)
    assert.equal((await server.api('GET', `/chat/search?q=${'x'.repeat(201)}`, owner)).status, 422)
    assert.equal((await server.api('GET', '/chat/search?q=x&cursor=x', owner)).status, 422)
  })

  test('an answer too long for the index is stored all the same, and found by how it begins', async () => {
    const owner = await server.owner()
    const words = Array.from({ length: 90_000 }, (_, n) => `w${n.toString(36)}`)
    const id = await talk(owner, 'Long?', `Beginning ${words.join(' ')}`)
    assert.deepEqual(idsOf(await search(owner, 'beginning')), [id])
  })

  test('parts a text into words in the database as it does here', async () => {
    const text = fc.string({
      unit: fc.oneof(
        fc.constantFrom(...' .,;:-/\\@\'"“”‘’—–…•()[]{}<>&|!*+=~^%$#€🎉_'),
        fc.constantFrom('a', 'B', 'z', 'é', '7'),
      ),
    })
    await fc.assert(
      fc.asyncProperty(text, async (content) => {
        const words = wordsOf(content).map((word) => word.text)
        for (const word of words) {
          const { rows } = await server.pool.query(
            `SELECT chat_search_words($1) @@ to_tsquery('simple', $2) AS found`,
            [content, prefixQuery([word])],
          )
          assert.equal(rows[0].found, true, `${word} in ${content}`)
        }
      }),
      { numRuns: 60 },
    )
  })
})

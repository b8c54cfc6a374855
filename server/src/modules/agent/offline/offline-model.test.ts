import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { engineUnderTest, factsInMemory, play, runInput, standingsOfTests } from '../engine-under-test.ts'
import type { Locale } from '../failures.ts'
import { createOfflineModel } from './offline-model.ts'

const model = createOfflineModel({ pieceMs: 0 })

async function ask(
  message: string,
  options: Partial<Parameters<typeof engineUnderTest>[0]> & { locale?: Locale } = {},
) {
  const { engine } = engineUnderTest({ model, ...options })
  const input = runInput(message)
  input.context.locale = options.locale ?? 'en'
  const { events, text, failure } = await play(engine, input)
  assert.equal(failure, undefined)
  const tools = events.flatMap((event) => (event.type === 'ToolCallResult' ? [event.tool] : []))
  return { text, tools, events }
}

describe('the offline advisor', () => {
  for (const [message, tools, expected] of [
    [
      'How many points do I have?',
      ['get_business_summary'],
      /140 points.*level Sprout.*Sapling at 200 points: 60 points/,
    ],
    ['Berapa poin saya?', ['get_business_summary'], /140 poin.*level Sprout.*Sapling pada 200 poin: kurang 60 poin/],
    ['How far is the next level?', ['get_business_summary'], /60 points to go/],
    [
      'Which achievements have I unlocked?',
      ['list_achievements'],
      /2 of 4 achievements:\n\n- Hundred \(100 points\)\n- First step/,
    ],
    ['pencapaian berikutnya apa?', ['list_achievements'], /Two hundred: kurang 60 poin \(70%\)/],
    ['What is my rank?', ['get_leaderboard_position'], /number 3 of 12.*25 points more.*10 points/],
    ['Peringkat saya?', ['get_leaderboard_position'], /peringkat 3 dari 12.*25 poin/],
    [
      'How do I earn points?',
      ['list_point_rules'],
      /course completed: 50 points\n- daily check in: 5 points, at most 5 a day/,
    ],
    ['What should I do next?', ['get_business_summary'], /Operational.*\n\n- .*60 points more lift you to Sapling/s],
    ['What do you remember?', ['list_facts'], /We sell soto \(2026-11-21\)/],
    ['my points and my rank', ['get_business_summary', 'get_leaderboard_position'], /140 points[^]*number 3 of 12/],
    ['Hi', [], /Sari Dewi.*offline advisor/],
    ['Terima kasih', [], /Sama-sama, Sari Dewi/],
    ['What can you do?', [], /offline advisor.*\n\n- your points/s],
    ['Bisa bantu apa?', [], /penasihat luring/],
    ['What is the capital of France?', [], /offline advisor and did not understand/],
    ['remember', [], /What shall I remember/],
  ] as const) {
    test(`answers “${message}” from its tools`, async () => {
      const answer = await ask(message, { facts: factsInMemory('We sell soto') })
      assert.deepEqual(answer.tools, [...tools])
      assert.match(answer.text, expected)
    })
  }

  test('remembers a fact, and says so when it knew it', async () => {
    const facts = factsInMemory()
    assert.match((await ask('Ingat bahwa kami libur Jumat', { facts })).text, /Saya ingat: “kami libur Jumat”/)
    assert.match((await ask('Ingat bahwa kami libur Jumat', { facts })).text, /sudah saya ketahui/)
    assert.equal(facts.kept.length, 1)
  })

  test('answers in the language of the message, else in that of the person', async () => {
    assert.match((await ask('level', { locale: 'id' })).text, /poin/)
    assert.match((await ask('How many points do I have?', { locale: 'id' })).text, /points/)
  })

  test('says that a tool failed instead of a number', async () => {
    const standings = { ...standingsOfTests, standingOf: () => Promise.reject(new Error('gone')) }
    const { text } = await ask('My rank?', { standings })
    assert.equal(text, 'I could not do that just now. This could not be done because of a problem on our side.')
  })

  test('says what is wrong with a fact that is too long', async () => {
    const { text } = await ask(`Remember that ${'x'.repeat(600)}`)
    assert.match(text, /could not do that.*at most 500 characters/)
  })

  test('answers in the language that was asked for, from then on, in whatever language the next question is', async () => {
    const { engine } = engineUnderTest({ model })
    const say = async (...messages: [...string[], string]) => {
      const history = messages.slice(0, -1).flatMap((content) => [
        { role: 'user' as const, content },
        { role: 'assistant' as const, content: 'OK' },
      ])
      return (await play(engine, runInput(messages.at(-1) ?? '', { history }))).text
    }
    assert.match(await say('Please speak Indonesian'), /bahasa Indonesia/)
    assert.match(await say('Please speak Indonesian', 'How many points do I have?'), /140 poin/)
    assert.match(await say('Please speak Indonesian', 'Remember that we sell soto'), /Saya ingat/)
    assert.match(await say('Please speak Indonesian', 'in English again, please'), /I speak English/)
    assert.match(await say('Please speak Indonesian', 'in English again, please', 'poin saya?'), /140 points/)
    assert.match(await say('Can you speak Javanese?'), /only English and Indonesian/)
  })

  test('imagines more points, and looks up what is missing to a total first', async () => {
    const more = await ask('What if I earn 60 more points?')
    assert.deepEqual(more.tools, ['what_if'])
    assert.match(more.text, /With 60 points more you would have 200 points\. .*Sapling!/)
    const total = await ask('What if I had 200 points?')
    assert.deepEqual(total.tools, ['get_business_summary', 'what_if'])
    assert.match(total.text, /With 60 points more you would have 200 points/)
    const less = await ask('What if I had 100 points?')
    assert.deepEqual(less.tools, ['get_business_summary'])
    assert.match(less.text, /You have 140 points already/)
    const unknown = await ask('What if I earn more points?')
    assert.deepEqual(unknown.tools, [])
    assert.match(unknown.text, /How many points more/)
  })

  test('shows what people typed as they typed it, and never as Markdown of its own', async () => {
    const { text } = await ask('What do you remember?', {
      facts: factsInMemory('![x](https://evil.example/?q=1)\n# Hi'),
    })
    assert.match(text, /!\\\[x\\\]\(https/)
    assert.doesNotMatch(text, /\n# Hi/)
  })

  test('says what went wrong in the language of the answer', async () => {
    const standings = { ...standingsOfTests, standingOf: () => Promise.reject(new Error('gone')) }
    const { text } = await ask('Peringkat saya?', { standings })
    assert.equal(text, 'Saya belum bisa melakukannya. Ada masalah di pihak kami.')
    const long = await ask(`Ingat bahwa ${'x'.repeat(600)}`)
    assert.equal(long.text, 'Saya belum bisa melakukannya. Catatan paling panjang 500 karakter.')
  })

  test('takes no numbers from an earlier turn', async () => {
    const { engine } = engineUnderTest({ model })
    const output = {
      is_ranked: true,
      rank: 1,
      ranked_businesses: 1,
      total_points: 1,
      points_to_next_rank: null,
      lead_over_next_rank: null,
    }
    const history = [
      { role: 'user' as const, content: 'My rank?' },
      {
        role: 'assistant' as const,
        content: 'You are number 1.',
        toolCalls: [{ callId: 'old', tool: 'get_leaderboard_position', args: {}, ok: true, output }],
      },
    ]
    const { text } = await play(engine, runInput('My rank?', { history }))
    assert.match(text, /number 3 of 12/)
  })

  test('speaks in small pieces, and stops speaking when the run is aborted', async () => {
    const { engine } = engineUnderTest({ model: createOfflineModel({ pieceMs: 5 }), limits: { coalesceMs: 0 } })
    const abort = new AbortController()
    let pieces = 0
    await assert.rejects(async () => {
      for await (const event of engine.run(runInput('help'), abort.signal)) {
        if (event.type === 'AgentStream' && ++pieces === 3) abort.abort(new Error('enough'))
      }
    }, /enough/)
    assert.equal(pieces, 3)
  })
})

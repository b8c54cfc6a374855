import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBoard } from './board.ts'
import type { BoardFeed } from './board-feed.ts'
import type { BoardBusiness } from './board-table.ts'

const KNOWN = '01900000-0000-7000-8000-000000000001'
const UNKNOWN = '01900000-0000-7000-8000-000000000002'

const business: BoardBusiness = {
  businessId: KNOWN,
  userId: '018f0000-0000-7000-8000-000000000001',
  businessName: 'Warung',
  userName: 'Sari',
  visibility: 'shown',
  totalPoints: 5,
  reachedAtUs: 1,
  sequence: 1,
  achievementsCount: 0,
}

test('what this process awarded is left out of the news, but for what the board has missed', async () => {
  const asked: { since: string; known: string[] }[] = []
  let until = '100'
  const feed: BoardFeed = {
    beginning: async () => ({ bound: '100', businesses: 1 }),
    everything: async () => {},
    businesses: async (ids) => (ids.includes(KNOWN) ? [business] : []),
    news: async (since, known) => {
      asked.push({ since, known })
      return { until, revision: 0, changed: [] }
    },
    forget: async () => {},
    levels: async () => [],
    deletedAchievements: async () => [],
    holdersOf: async () => [],
  }
  const board = createBoard(feed)
  const award = (businessId: string, sequence: number, transactionId: string) => ({
    businessId,
    totalPoints: 5 * sequence,
    reachedAtUs: sequence,
    sequence,
    unlocked: 0,
    transactionId,
  })
  const news = async () => {
    await board.follow()
    return asked.at(-1)
  }
  assert.deepEqual(
    board.applied([award(KNOWN, 2, '99')]),
    [],
    'nothing is missed by a board that reads everything anyway',
  )
  await board.warmUp()
  await board.refresh([KNOWN])

  assert.deepEqual(board.applied([award(KNOWN, 2, '101')]), [])
  assert.deepEqual(board.applied([award(KNOWN, 3, '102'), award(UNKNOWN, 1, '102')]), [UNKNOWN])
  assert.deepEqual(board.applied([award(KNOWN, 5, '103')]), [KNOWN], 'the fourth was not heard of')
  assert.deepEqual(board.applied([award(KNOWN, 4, '104')]), [])
  until = '104'
  assert.deepEqual(await news(), { since: '100', known: ['101', '104'] })
  assert.deepEqual(await news(), { since: '104', known: ['104'] }, 'what has been read is not named again')

  await board.rewind()
  assert.deepEqual((await news())?.known, [], 'a database that lost its numbers may use them once more')
})

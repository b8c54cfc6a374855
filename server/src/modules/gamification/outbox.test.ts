import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Game, startGame } from '../../../test/game.ts'
import { openPool } from '../../platform/db/database.ts'
import { createFanOutRepository } from '../webhooks/fan-out-repository.ts'
import { createBoardFeed } from './board/board-feed.ts'
import { createFeedRepository, FEED_PAGE } from './feed/feed-repository.ts'

const DAY_MS = 86_400_000

describe('the outbox', () => {
  let game: Game
  before(async () => {
    game = await startGame()
    await game.rule('sale', 10)
    await game.level(20, 'Sprout')
    await game.achievement(20, 'Twenty')
  })
  after(() => game.close())

  test('of any time on is all of it that is not older, whenever it was entered', async () => {
    const owner = await game.owner()
    for (let sale = 0; sale < 3; sale++) await game.post(owner, 'sale')
    // Announced by itself, without points.
    await game.achievement(5, 'Five')
    const newcomer = await game.owner()
    await game.db.transaction((tx) =>
      game.app.gamification.service.recordPastEvents(
        tx,
        [100, 50, 2].map((days) => ({
          businessId: newcomer.business.id,
          type: 'sale',
          occurredAt: new Date(Date.now() - days * DAY_MS),
          key: `${days} days ago`,
        })),
      ),
    )
    const columns = 'business_id, sequence, position, kind, payload, created_at'
    const times = await game.rows(`SELECT DISTINCT created_at AS at FROM outbox ORDER BY at`)
    assert.ok(times.length >= 6, `${times.length}`)
    for (const { at } of times)
      assert.deepEqual(
        await game.rows(`SELECT ${columns} FROM outbox_since($1) ORDER BY business_id, sequence, position`, [at]),
        await game.rows(
          `SELECT ${columns} FROM outbox WHERE created_at >= $1 ORDER BY business_id, sequence, position`,
          [at],
        ),
      )
  })

  test('is read a piece at a time, by plans of any age, however much there is', async (context) => {
    const { business } = await game.owner()
    const few = openPool({ connectionString: game.databaseUrl, max: 1 }, assert.fail)
    context.after(() => few.pool.end())
    const feed = createFeedRepository(few.pool)
    const read = () => feed.entries([[[business.id, { sequence: 1, position: 0 }]]])
    // Most businesses have little, and this one has very much, which no plan that serves all of them foresees.
    const written = await few.pool.query(
      `WITH entered AS (
        INSERT INTO ledger_entries (id, business_id, sequence, event_id, type, points, total_after, occurred_at, created_at)
        SELECT gen_random_uuid(), CASE WHEN n <= 20000 THEN $1::uuid ELSE md5((n / 5)::text)::uuid END,
          CASE WHEN n <= 20000 THEN n ELSE n % 5 + 1 END, gen_random_uuid(), 'sale', 1, n, now(), now()
        FROM generate_series(1, 60000) AS n
      )
      INSERT INTO announcements (business_id, sequence, position, kind, payload, created_at)
      SELECT $1, n, 1, 'achievement', '{}', now() FROM generate_series(1, 20000, 2) AS n
      RETURNING transaction_id::text AS id`,
      [business.id],
    )
    const id = written.rows[0].id
    const board = createBoardFeed(few.pool)
    const fanOut = createFanOutRepository(few)
    await few.pool.query(
      'INSERT INTO webhook_tail (bound, place) SELECT $1::text::xid8, system_identifier FROM pg_control_system()',
      [id],
    )
    /** rowsRead counts what this connection has ever read of either table; inside a transaction that is not yet put away. */
    const rowsRead = async () =>
      Number(
        (
          await few.pool.query(
            `SELECT sum(seq_tup_read + idx_tup_fetch) AS rows FROM pg_stat_xact_user_tables
            WHERE relname IN ('ledger_entries', 'announcements')`,
          )
        ).rows[0].rows,
      )
    await few.pool.query('BEGIN')
    for (const isAnalysed of [false, true]) {
      if (isAnalysed) await few.pool.query('ANALYZE')
      for (const [what, most, work] of [
        // Often enough for a plan that is kept.
        ...Array.from({ length: 7 }, () => ['a page of a feed', 2 * FEED_PAGE + 2, read] as const),
        ['what webhooks look at', 4, () => fanOut.state()] as const,
        ['what is new to the board', 4, () => board.news(String(BigInt(id) + 1n), [id])] as const,
      ]) {
        const before = await rowsRead()
        await work()
        const rows = (await rowsRead()) - before
        assert.ok(rows <= most, `${what} reads ${rows} rows (analysed: ${isAnalysed})`)
      }
    }
    assert.equal((await read())[0]?.length, FEED_PAGE)
    await few.pool.query('COMMIT')
    const news = async (since: bigint, known: string[]) => (await board.news(String(since), known)).changed
    assert.ok((await news(BigInt(id), [])).length > 8_000)
    assert.deepEqual(await news(BigInt(id), [id]), await news(BigInt(id) + 1n, []), 'known transactions are left out')
  })
})

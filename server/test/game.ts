import { randomUUID } from 'node:crypto'
import { type Answer, startTestServer, type TestServer } from './harness.ts'

type Options = Parameters<typeof startTestServer>[0]
type Owner = Awaited<ReturnType<TestServer['owner']>>
type Row = Record<string, unknown>

/** Game is a running service with an admin signed in, and the words that tests of the game are written in. */
export type Game = Awaited<ReturnType<typeof startGame>>

/** startGame boots the service without any level, achievement or rule; `seeded` keeps those of a new installation. */
export async function startGame({ seeded = false, ...options }: Options & { seeded?: boolean } = {}) {
  const server = await startTestServer(options)
  const admin = await server.adminToken()
  if (!seeded) {
    await server.pool.query('DELETE FROM user_achievements')
    for (const table of ['business_levels', 'achievements', 'point_rules', 'definition_versions'])
      await server.pool.query(`DELETE FROM ${table}`)
    await server.pool.query('UPDATE definition_changes SET revision = revision + 1, evaluated_revision = revision + 1')
  }

  async function made(path: string, body: unknown) {
    const answer = await server.api('POST', path, { token: admin, body })
    if (answer.status !== 201) throw new Error(`${path} answered ${answer.status}: ${answer.text}`)
    return answer.json
  }
  const rows = async (text: string, values: unknown[] = []): Promise<Row[]> =>
    (await server.pool.query(text, values)).rows
  const counted = async (table: string, where = 'true', values: unknown[] = []): Promise<number> =>
    Number((await rows(`SELECT count(*) AS n FROM ${table} WHERE ${where}`, values))[0]?.['n'])

  return {
    ...server,
    admin,
    rows,
    counted,
    level: (required_points: number, name = `Level ${required_points}`) =>
      made('/admin/business/levels', { name, required_points }),
    achievement: (required_points: number, title = `Reached ${required_points}`) =>
      made('/admin/gamification/achievements', { title, description: 'For a test.', required_points }),
    rule: (type: string, points: number, more: Record<string, unknown> = {}) =>
      made('/admin/gamification/rules', { type, points, ...more }),
    /** post records an event of an owner, with a key of its own unless one is given. */
    post: (owner: Owner, type: string, more: Record<string, unknown> = {}): Promise<Answer> =>
      server.api('POST', '/gamification/events', {
        token: owner.token,
        body: { type, idempotency_key: randomUUID(), ...more },
      }),
    /** adjust gives or takes points by hand. */
    adjust: (businessId: string, points: number, more: Record<string, unknown> = {}): Promise<Answer> =>
      server.api('POST', '/admin/gamification/adjustments', {
        token: admin,
        body: { business_id: businessId, points, reason: 'for a test', idempotency_key: randomUUID(), ...more },
      }),
    /** standing is the stored row, and the name of the stored level. */
    async standing(businessId: string): Promise<Row> {
      const [row] = await rows(
        `SELECT s.*, l.name AS level FROM business_standings AS s LEFT JOIN business_levels AS l ON l.id = s.level_id
        WHERE s.business_id = $1`,
        [businessId],
      )
      if (!row) throw new Error('there is no such standing')
      return row
    },
    /** announced lists what others may hear of a business, in its order, of one kind unless all are asked for. */
    async announced(businessId: string, kind?: 'points' | 'level_up' | 'achievement') {
      const found = await rows(
        `SELECT kind, coalesce(payload #>> '{level,name}', payload #>> '{achievement,title}', payload ->> 'points') AS what
        FROM outbox WHERE business_id = $1 ORDER BY sequence, position`,
        [businessId],
      )
      return found.filter((row) => !kind || row['kind'] === kind).map((row) => (kind ? row['what'] : row))
    },
    unlocked: async (businessId: string) =>
      (
        await rows(
          `SELECT a.title FROM user_achievements AS u JOIN achievements AS a ON a.id = u.achievement_id
          WHERE u.business_id = $1 ORDER BY a.required_points, a.title`,
          [businessId],
        )
      ).map((row) => row['title']),
    /** footprint counts everything that an award or an edit could have written, to show that nothing was. */
    footprint: () =>
      rows(`SELECT (SELECT count(*) FROM events) AS events, (SELECT count(*) FROM ledger_entries) AS entries,
        (SELECT count(*) FROM announcements) AS announcements, (SELECT count(*) FROM user_achievements) AS unlocks,
        (SELECT sum(total_points) FROM business_standings) AS points, (SELECT count(*) FROM business_levels) AS levels,
        (SELECT count(*) FROM achievements WHERE deleted_at IS NULL) AS achievements,
        (SELECT count(*) FROM point_rules WHERE deleted_at IS NULL) AS rules,
        (SELECT count(*) FROM definition_versions) AS versions, (SELECT count(*) FROM audit_entries) AS audit,
        (SELECT revision FROM definition_changes) AS revision`),
    untruths: () => untruths(rows),
  }
}

/** untruths compares every derived row with what the ledger and the definitions say, by brute force; none is right. */
async function untruths(rows: (text: string) => Promise<Row[]>): Promise<string[]> {
  const found: string[] = []
  const levels = await rows('SELECT id, required_points FROM business_levels ORDER BY required_points')
  const achievements = await rows('SELECT id, required_points FROM achievements WHERE deleted_at IS NULL')
  const unlocks = new Set(
    (await rows('SELECT business_id, achievement_id FROM user_achievements')).map(
      (row) => `${row['business_id']} ${row['achievement_id']}`,
    ),
  )
  const ledger = grouped(await rows('SELECT * FROM ledger_entries ORDER BY business_id, sequence'))
  const outbox = grouped(await rows('SELECT * FROM outbox ORDER BY business_id, sequence, position'))
  const events = grouped(await rows('SELECT * FROM events'))

  for (const standing of await rows('SELECT * FROM business_standings')) {
    const id = String(standing['business_id'])
    const say = (what: string) => found.push(`${id}: ${what}`)
    let total = 0
    let highest = 0
    for (const entry of ledger.get(id) ?? []) {
      total += Number(entry['points'])
      highest = Math.max(highest, total)
      if (entry['total_after'] !== total) say(`entry ${entry['sequence']} says ${entry['total_after']}, not ${total}`)
    }
    if (standing['total_points'] !== total) say(`total ${standing['total_points']}, not ${total}`)
    if (standing['highest_points'] !== highest) say(`highest ${standing['highest_points']}, not ${highest}`)
    const level = levels.findLast((row) => Number(row['required_points']) <= total)?.['id'] ?? null
    if (standing['level_id'] !== level) say(`level ${standing['level_id']}, not ${level} at ${total}`)
    for (const { id: achievement, required_points: required } of achievements)
      if (Number(required) <= highest && !unlocks.has(`${id} ${achievement}`)) say(`has not unlocked ${required}`)

    const of = (events.get(id) ?? []).filter((event) => event['points_awarded'] !== 0)
    if (of.length !== (ledger.get(id) ?? []).length) say(`${of.length} events earned, but the ledger differs`)

    const news = outbox.get(id) ?? []
    const sequences = [...new Set(news.map((row) => Number(row['sequence'])))]
    if (sequences.some((sequence, index) => sequence !== index + 1)) say(`outbox sequences ${sequences}`)
    if (standing['sequence'] !== sequences.length)
      say(`sequence ${standing['sequence']} after ${sequences.length} news`)
    for (const sequence of sequences) {
      const positions = news.filter((row) => row['sequence'] === sequence).map((row) => row['position'])
      if (positions.some((position, index) => position !== index)) say(`positions ${positions} at ${sequence}`)
    }
    const told = news.filter((row) => row['kind'] !== 'points').map((row) => `${row['kind']} ${subjectOf(row)}`)
    if (new Set(told).size !== told.length) say(`announced twice: ${told}`)
  }
  return found
}

const subjectOf = (row: Row) => JSON.stringify(row['payload']).match(/"id":\s*"([^"]+)"/)?.[1]

function grouped(rows: Row[]): Map<string, Row[]> {
  return Map.groupBy(rows, (row) => String(row['business_id']))
}

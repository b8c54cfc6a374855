import { and, count, desc, eq, isNull, lt, max, or, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import { z } from 'zod'
import { recordAudit } from '../../platform/audit/index.ts'
import type { Database, Transaction } from '../../platform/db/database.ts'
import { pgConstraint, pgErrorCode } from '../../platform/db/database.ts'
import { problem } from '../../platform/errors.ts'
import { decodeCursor, pageOf } from '../../platform/http/paging.ts'
import { newId } from '../../platform/ids.ts'
import { instantSchema } from '../../platform/text.ts'
import { businessLevels } from '../business/index.ts'
import type { AchievementInput, LevelInput, RuleInput } from './dto.ts'
import { achievements, definitionChanges, definitionVersions, pointRules } from './schema.ts'

const MOST_DEFINITIONS = 1_000

type Kind = 'rule' | 'level' | 'achievement'
type Defined = { id: string; version: number; createdAt: Date; updatedAt: Date }
type PageRequest = { limit: number; cursor?: string | undefined }

const cursorKey = z.object({ at: instantSchema, id: z.uuid() })

const stamp = (row: Defined) => ({
  id: row.id,
  version: row.version,
  created_at: row.createdAt.toISOString(),
  updated_at: row.updatedAt.toISOString(),
})

const toAchievement = (row: typeof achievements.$inferSelect) => ({
  ...stamp(row),
  title: row.title,
  description: row.description,
  required_points: row.requiredPoints,
  badge_icon: row.badgeIcon,
})

const toLevel = (row: typeof businessLevels.$inferSelect) => ({
  ...stamp(row),
  name: row.name,
  required_points: row.requiredPoints,
  order: row.order,
  icon: row.icon,
})

const sourceList = z.array(z.enum(['owner', 'api_key']))

const toRule = (row: typeof pointRules.$inferSelect) => ({
  ...stamp(row),
  type: row.type,
  points: row.points,
  daily_cap: row.dailyCap,
  cooldown_seconds: row.cooldownSeconds,
  sources: sourceList.parse(row.sources),
  active: row.active,
})

type DefinitionsOptions = {
  db: Database
  /** Called after a change of levels or achievements has committed; resolves when everyone is judged by it. */
  catchUp: () => Promise<void>
}

/**
 * createDefinitions makes the admins' side of the game: levels, achievements and rules. Every write raises the
 * definition's version, keeps that version, and leaves an audit row, in one transaction. `adminId` is who does it; the
 * routes are open to admins only.
 */
export function createDefinitions({ db, catchUp }: DefinitionsOptions) {
  // One edit at a time: two that exchange the same values would wait for each other until one fails.
  const editing = <T>(work: (tx: Transaction) => Promise<T>): Promise<T> =>
    db.transaction(async (tx) => {
      await tx.select().from(definitionChanges).for('no key update')
      return work(tx)
    })

  return {
    /** createAchievement adds an achievement and unlocks it for everyone who has already reached it. */
    async createAchievement(adminId: string, input: AchievementInput) {
      const row = await editing(async (tx) => {
        await refuseBeyond(tx, achievements, isNull(achievements.deletedAt))
        const [created] = await tx
          .insert(achievements)
          .values({
            id: newId(),
            title: input.title,
            description: input.description,
            requiredPoints: input.required_points,
            badgeIcon: input.badge_icon ?? null,
          })
          .returning()
        return changed(tx, { adminId, kind: 'achievement', before: null, after: toAchievement(found(created)) })
      })
      await catchUp()
      return row
    },

    /** updateAchievement changes any subset; what was earned stays earned. */
    async updateAchievement(adminId: string, id: string, input: Partial<AchievementInput>) {
      const row = await editing(async (tx) => {
        const alive = and(eq(achievements.id, id), isNull(achievements.deletedAt))
        const [before] = await tx.select().from(achievements).where(alive).for('no key update')
        const [after] = await tx
          .update(achievements)
          .set({
            title: input.title,
            description: input.description,
            requiredPoints: input.required_points,
            badgeIcon: input.badge_icon,
            ...nextVersion(achievements.version),
          })
          .where(eq(achievements.id, found(before).id))
          .returning()
        return changed(tx, {
          adminId,
          kind: 'achievement',
          before: toAchievement(found(before)),
          after: toAchievement(found(after)),
        })
      })
      await catchUp()
      return row
    },

    /** deleteAchievement takes it off every list; it stays in the history of who earned it. */
    async deleteAchievement(adminId: string, id: string): Promise<void> {
      await editing(async (tx) => {
        const alive = and(eq(achievements.id, id), isNull(achievements.deletedAt))
        const [gone] = await tx
          .update(achievements)
          .set({ deletedAt: sql`now()`, ...nextVersion(achievements.version) })
          .where(alive)
          .returning()
        await changed(tx, { adminId, kind: 'achievement', before: toAchievement(found(gone)), after: null })
      })
      await catchUp()
    },

    /** listAchievements pages through the achievements, newest first. */
    async listAchievements({ limit, cursor }: PageRequest) {
      const rows = await db
        .select()
        .from(achievements)
        .where(and(isNull(achievements.deletedAt), olderThan(achievements, cursor)))
        .orderBy(desc(achievements.createdAt), desc(achievements.id))
        .limit(limit + 1)
      return page(rows, limit, toAchievement)
    },

    /** createLevel adds a level and puts everyone whom it fits on it. 409 when another has the same required_points. */
    async createLevel(adminId: string, input: LevelInput) {
      const row = await editing((tx) =>
        pointsTaken(async () => {
          await refuseBeyond(tx, businessLevels)
          const [highest] = await tx.select({ order: max(businessLevels.order) }).from(businessLevels)
          const [created] = await tx
            .insert(businessLevels)
            .values({
              id: newId(),
              name: input.name,
              requiredPoints: input.required_points,
              order: input.order ?? (highest?.order ?? 0) + 1,
              icon: input.icon ?? null,
            })
            .returning()
          return changed(tx, { adminId, kind: 'level', before: null, after: toLevel(found(created)) })
        }),
      )
      await catchUp()
      return row
    },

    /** updateLevel changes any subset; everyone's level follows. */
    async updateLevel(adminId: string, id: string, input: Partial<LevelInput>) {
      const row = await editing((tx) =>
        pointsTaken(async () => {
          const [before] = await tx.select().from(businessLevels).where(eq(businessLevels.id, id)).for('no key update')
          const [after] = await tx
            .update(businessLevels)
            .set({
              name: input.name,
              requiredPoints: input.required_points,
              order: input.order,
              icon: input.icon,
              ...nextVersion(businessLevels.version),
            })
            .where(eq(businessLevels.id, found(before).id))
            .returning()
          return changed(tx, { adminId, kind: 'level', before: toLevel(found(before)), after: toLevel(found(after)) })
        }),
      )
      await catchUp()
      return row
    },

    /** deleteLevel removes it; whoever stood on it stands on the one below. */
    async deleteLevel(adminId: string, id: string): Promise<void> {
      await editing(async (tx) => {
        const [gone] = await tx.delete(businessLevels).where(eq(businessLevels.id, id)).returning()
        const before = toLevel(found(gone))
        await changed(tx, { adminId, kind: 'level', before: { ...before, version: before.version + 1 }, after: null })
      })
      await catchUp()
    },

    /** listLevels pages through the levels, newest first. */
    async listLevels({ limit, cursor }: PageRequest) {
      const rows = await db
        .select()
        .from(businessLevels)
        .where(olderThan(businessLevels, cursor))
        .orderBy(desc(businessLevels.createdAt), desc(businessLevels.id))
        .limit(limit + 1)
      return page(rows, limit, toLevel)
    },

    /** createRule opens an event type. 409 when the type is taken. */
    async createRule(adminId: string, input: RuleInput) {
      return editing((tx) =>
        typeTaken(async () => {
          await refuseBeyond(tx, pointRules, isNull(pointRules.deletedAt))
          const [created] = await tx
            .insert(pointRules)
            .values({
              id: newId(),
              type: input.type,
              points: input.points,
              dailyCap: input.daily_cap ?? null,
              cooldownSeconds: input.cooldown_seconds ?? null,
              sources: input.sources ?? ['owner', 'api_key'],
              active: input.active ?? true,
            })
            .returning()
          return changed(tx, { adminId, kind: 'rule', before: null, after: toRule(found(created)) })
        }),
      )
    },

    /** updateRule changes any subset; what was awarded by earlier versions stays as it is. */
    async updateRule(adminId: string, id: string, input: Partial<RuleInput>) {
      return editing((tx) =>
        typeTaken(async () => {
          const alive = and(eq(pointRules.id, id), isNull(pointRules.deletedAt))
          const [before] = await tx.select().from(pointRules).where(alive).for('no key update')
          const [after] = await tx
            .update(pointRules)
            .set({
              type: input.type,
              points: input.points,
              dailyCap: input.daily_cap,
              cooldownSeconds: input.cooldown_seconds,
              sources: input.sources,
              active: input.active,
              ...nextVersion(pointRules.version),
            })
            .where(eq(pointRules.id, found(before).id))
            .returning()
          return changed(tx, { adminId, kind: 'rule', before: toRule(found(before)), after: toRule(found(after)) })
        }),
      )
    },

    /** deleteRule closes the event type; its events and their replays stay. */
    async deleteRule(adminId: string, id: string): Promise<void> {
      await editing(async (tx) => {
        const alive = and(eq(pointRules.id, id), isNull(pointRules.deletedAt))
        const [gone] = await tx
          .update(pointRules)
          .set({ deletedAt: sql`now()`, ...nextVersion(pointRules.version) })
          .where(alive)
          .returning()
        await changed(tx, { adminId, kind: 'rule', before: toRule(found(gone)), after: null })
      })
    },

    /** listRules pages through the rules, newest first. */
    async listRules({ limit, cursor }: PageRequest) {
      const rows = await db
        .select()
        .from(pointRules)
        .where(and(isNull(pointRules.deletedAt), olderThan(pointRules, cursor)))
        .orderBy(desc(pointRules.createdAt), desc(pointRules.id))
        .limit(limit + 1)
      return page(rows, limit, toRule)
    },
  }
}

type Content = { id: string; version: number }
type Change<T extends Content> = { adminId: string; kind: Kind; before: T | null; after: T | null }

// The trail of a change: its version, its audit row, and, where standings depend on it, the note that everyone is to be
// judged anew.
async function changed<T extends Content>(tx: Transaction, change: Change<T> & { after: T }): Promise<T>
async function changed<T extends Content>(tx: Transaction, change: Change<T>): Promise<T | null>
async function changed<T extends Content>(
  tx: Transaction,
  { adminId, kind, before, after }: Change<T>,
): Promise<T | null> {
  const { id, version } = found(after ?? before)
  await tx.insert(definitionVersions).values({ definitionId: id, version, kind, content: after })
  await recordAudit(tx, {
    actorKind: 'user',
    actorId: adminId,
    action: `${kind}.${before === null ? 'create' : after === null ? 'delete' : 'update'}`,
    subjectType: kind,
    subjectId: id,
    before,
    after,
  })
  if (kind !== 'rule') await tx.update(definitionChanges).set({ revision: sql`${definitionChanges.revision} + 1` })
  return after
}

function found<T>(row: T | null | undefined): T {
  if (row === null || row === undefined) throw problem.notFound()
  return row
}

const nextVersion = (version: PgColumn) => ({ version: sql`${version} + 1`, updatedAt: sql`now()` })

async function refuseBeyond(
  tx: Transaction,
  table: typeof achievements | typeof businessLevels | typeof pointRules,
  where?: ReturnType<typeof isNull>,
): Promise<void> {
  const [held] = await tx.select({ rows: count() }).from(table).where(where)
  if ((held?.rows ?? 0) >= MOST_DEFINITIONS)
    throw problem.conflict('too_many_definitions', `There can be at most ${MOST_DEFINITIONS} of these.`)
}

async function refusing<T>(work: () => Promise<T>, constraint: string, code: string, detail: string): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (pgErrorCode(error) === '23505' && pgConstraint(error) === constraint) throw problem.conflict(code, detail)
    throw error
  }
}

const pointsTaken = <T>(work: () => Promise<T>) =>
  refusing(
    work,
    'business_levels_required_points_unique',
    'required_points_taken',
    'Another level has the same required_points.',
  )

const typeTaken = <T>(work: () => Promise<T>) =>
  refusing(work, 'point_rules_type_unique', 'type_taken', 'There is already a rule for this event type.')

function olderThan(table: { createdAt: PgColumn; id: PgColumn }, cursor: string | undefined) {
  const after = decodeCursor(cursorKey, cursor)
  if (!after) return undefined
  const at = new Date(after.at)
  return or(lt(table.createdAt, at), and(eq(table.createdAt, at), lt(table.id, after.id)))
}

function page<Row extends Defined, Wire>(rows: Row[], limit: number, toWire: (row: Row) => Wire) {
  const { items, next } = pageOf(rows, limit, (row) => ({ at: row.createdAt.toISOString(), id: row.id }))
  return { items: items.map(toWire), next }
}

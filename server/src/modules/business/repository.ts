import {
  and,
  asc,
  count,
  desc,
  eq,
  gt,
  ilike,
  inArray,
  isNull,
  lt,
  or,
  type Placeholder,
  type SQL,
  sql,
} from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import { type Database, type Executor, pgErrorCode, type Transaction } from '../../platform/db/database.ts'
import { newId } from '../../platform/ids.ts'
import { users } from '../auth/index.ts'
import { businesses, businessLevels, businessLinks, businessStandings } from './schema.ts'

/** Business is a row of businesses. */
export type Business = typeof businesses.$inferSelect
/** Level is a row of businessLevels. */
export type Level = typeof businessLevels.$inferSelect
/** BusinessFields are the columns that are said and not derived. */
export type BusinessFields = Pick<
  Business,
  | 'businessName'
  | 'businessCategory'
  | 'businessDescription'
  | 'address'
  | 'businessStage'
  | 'targetMarket'
  | 'primaryGoal'
  | 'timeZone'
  | 'currency'
  | 'boardVisibility'
>
/** ProfileRow is a business with what its standing says. */
export type ProfileRow = {
  business: Business
  totalPoints: number
  level: { id: string; name: string; icon: string | null } | null
}
/** AdminRow is a profile with its owner. */
export type AdminRow = ProfileRow & { owner: { id: string; name: string; email: string } | null }

const level = { id: businessLevels.id, name: businessLevels.name, icon: businessLevels.icon }
const owner = { id: users.id, name: users.name, email: users.email }
const profile = { business: businesses, totalPoints: businessStandings.totalPoints, level }

/**
 * accessibleBusiness is the id of the business that a user may act for: the one named, or their first; null when there is
 * none. The database function decides, for every query of the service, so that there is one place to let more people in.
 */
export const accessibleBusiness = (
  userId: string | PgColumn | Placeholder,
  businessId?: string | PgColumn | Placeholder,
): SQL => sql`accessible_business(${userId}, ${businessId ?? null}::uuid)`

// What a user owns, for counting, listing and erasing; not for access.
const ownedBy = (userId: string) => and(eq(businesses.userId, userId), isNull(businesses.erasedAt))

/** ownedFinder makes what reads the business that is named, or the user's first; undefined when they have no such business. */
export function ownedFinder(db: Database) {
  const owned = db
    .select()
    .from(businesses)
    .where(eq(businesses.id, accessibleBusiness(sql.placeholder('userId'), sql.placeholder('businessId'))))
    .prepare('owned_business')
  return async (userId: string, businessId?: string): Promise<Business | undefined> => {
    const [business] = await owned.execute({ userId, businessId: businessId ?? null })
    return business
  }
}

const profiles = (db: Executor) =>
  db
    .select(profile)
    .from(businesses)
    .innerJoin(businessStandings, eq(businessStandings.businessId, businesses.id))
    .leftJoin(businessLevels, eq(businessLevels.id, businessStandings.levelId))

/** findOwnedProfile reads the same with standing and level, in one round trip. */
export async function findOwnedProfile(
  db: Executor,
  userId: string,
  businessId?: string,
): Promise<ProfileRow | undefined> {
  const [row] = await profiles(db).where(eq(businesses.id, accessibleBusiness(userId, businessId)))
  return row
}

/** listOwnedProfiles reads at most `limit` businesses of a user, newest first, below the id `before`. */
export async function listOwnedProfiles(
  db: Executor,
  query: { userId: string; before: string | undefined; limit: number },
): Promise<ProfileRow[]> {
  const { userId, before, limit } = query
  return profiles(db)
    .where(and(ownedBy(userId), before === undefined ? undefined : lt(businesses.id, before)))
    .orderBy(desc(businesses.id))
    .limit(limit)
}

/** countOwned counts the businesses of a user. */
export async function countOwned(tx: Transaction, userId: string): Promise<number> {
  const [row] = await tx.select({ owned: count() }).from(businesses).where(ownedBy(userId))
  return row?.owned ?? 0
}

/**
 * lockOwned holds all businesses of a user until the transaction ends, and answers their ids. Whoever locks a business and
 * its standing takes the business first.
 */
export async function lockOwned(tx: Transaction, userId: string): Promise<string[]> {
  const rows = await tx
    .select({ id: businesses.id })
    .from(businesses)
    .where(ownedBy(userId))
    .orderBy(asc(businesses.id))
    .for('no key update')
  return rows.map((row) => row.id)
}

/** findMe reads a user and, in the same round trip, their first business; undefined when there is no such user. */
export async function findMe(db: Executor, userId: string) {
  const [row] = await db
    .select({ user: users, ...profile })
    .from(users)
    .leftJoin(businesses, eq(businesses.id, accessibleBusiness(users.id)))
    .leftJoin(businessStandings, eq(businessStandings.businessId, businesses.id))
    .leftJoin(businessLevels, eq(businessLevels.id, businessStandings.levelId))
    .where(eq(users.id, userId))
  if (!row) return undefined
  const { user, business, totalPoints, level: reached } = row
  return { user, profile: business && { business, totalPoints: totalPoints ?? 0, level: reached } }
}

/** insertBusiness adds a business and its standing of nothing yet. */
export async function insertBusiness(
  tx: Transaction,
  values: BusinessFields & { userId: string; now: Date },
): Promise<Business> {
  const { now, ...fields } = values
  const [business] = await tx
    .insert(businesses)
    .values({ id: newId(), ...fields, createdAt: now, updatedAt: now })
    .returning()
  if (!business) throw new Error('the insert of a business returned no row')
  await tx.insert(businessStandings).values({
    businessId: business.id,
    reachedAt: now,
    onBoard: business.boardVisibility !== 'hidden',
    ownerId: business.userId,
    timeZone: business.timeZone,
  })
  return business
}

/** updateOwned changes a business of the user; false when it is not theirs. */
export async function updateOwned(
  tx: Transaction,
  change: { userId: string; businessId: string; fields: Partial<BusinessFields>; now: Date },
): Promise<boolean> {
  const { userId, businessId, fields, now } = change
  const updated = await tx
    .update(businesses)
    .set({ ...fields, updatedAt: now })
    // The row itself is asked too: when an erasure was under way, it is looked at again after it, the function is not.
    .where(and(eq(businesses.id, accessibleBusiness(userId, businessId)), isNull(businesses.erasedAt)))
    .returning({ id: businesses.id })
  return updated.length > 0
}

/** setVisibility changes how a business stands on the board. */
export async function setVisibility(
  tx: Transaction,
  change: { businessId: string; visibility: Business['boardVisibility']; now: Date },
): Promise<void> {
  const { businessId, visibility, now } = change
  await tx.update(businesses).set({ boardVisibility: visibility, updatedAt: now }).where(eq(businesses.id, businessId))
}

const adminRows = (db: Executor) =>
  db
    .select({ ...profile, owner })
    .from(businesses)
    .innerJoin(businessStandings, eq(businessStandings.businessId, businesses.id))
    .leftJoin(businessLevels, eq(businessLevels.id, businessStandings.levelId))
    .leftJoin(users, eq(users.id, businesses.userId))

/** findForAdmin reads a business with its owner; undefined when there is none, or it was erased. */
export async function findForAdmin(db: Executor, businessId: string): Promise<AdminRow | undefined> {
  const [row] = await adminRows(db).where(and(eq(businesses.id, businessId), isNull(businesses.erasedAt)))
  return row
}

/** lockBusiness holds a business's row until the transaction ends; undefined when there is none, or it was erased. */
export async function lockBusiness(tx: Transaction, businessId: string): Promise<Business | undefined> {
  const [business] = await tx
    .select()
    .from(businesses)
    .where(and(eq(businesses.id, businessId), isNull(businesses.erasedAt)))
    .for('no key update')
  return business
}

/** listForAdmin reads at most `limit` businesses with their owners, newest first, below the id `before`. */
export async function listForAdmin(
  db: Executor,
  query: { q: string | undefined; before: string | undefined; limit: number },
): Promise<AdminRow[]> {
  const pattern = query.q ? `%${query.q.replace(/[\\%_]/g, '\\$&')}%` : undefined
  return adminRows(db)
    .where(
      and(
        isNull(businesses.erasedAt),
        query.before === undefined ? undefined : lt(businesses.id, query.before),
        pattern === undefined
          ? undefined
          : or(ilike(businesses.businessName, pattern), ilike(users.name, pattern), ilike(users.email, pattern)),
      ),
    )
    .orderBy(desc(businesses.id))
    .limit(query.limit)
}

/** listLevels reads at most `limit` levels by the points they ask for, above `after`. */
export async function listLevels(db: Executor, query: { after: number | undefined; limit: number }): Promise<Level[]> {
  return db
    .select()
    .from(businessLevels)
    .where(query.after === undefined ? undefined : gt(businessLevels.requiredPoints, query.after))
    .orderBy(asc(businessLevels.requiredPoints))
    .limit(query.limit)
}

/**
 * blankBusinessesOf takes everything personal out of a user's businesses, the links to them included, and takes them off
 * the board. The rows stay, nameless, so that ledger and sums stay true.
 */
export async function blankBusinessesOf(tx: Transaction, userId: string, now: Date): Promise<void> {
  const blanked = await tx
    .update(businesses)
    .set({
      userId: null,
      businessName: '',
      businessCategory: '',
      businessDescription: null,
      address: null,
      businessStage: '',
      targetMarket: null,
      primaryGoal: null,
      updatedAt: now,
      erasedAt: now,
    })
    .where(ownedBy(userId))
    .returning({ id: businesses.id })
  const ids = blanked.map((row) => row.id)
  if (ids.length > 0) await tx.delete(businessLinks).where(inArray(businessLinks.businessId, ids))
}

/** knowsTimeZone tells whether the database knows a time zone too: days are counted there. */
export async function knowsTimeZone(db: Executor, timeZone: string): Promise<boolean> {
  try {
    await db.execute(sql`SELECT now() AT TIME ZONE ${timeZone}`)
    return true
  } catch (error) {
    // invalid_parameter_value: "time zone … not recognized"
    if (pgErrorCode(error) === '22023') return false
    throw error
  }
}

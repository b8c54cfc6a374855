import { z } from 'zod'
import type { Clock } from '../../platform/clock.ts'
import type { Settings } from '../../platform/config.ts'
import type { Database, Transaction } from '../../platform/db/database.ts'
import { problem } from '../../platform/errors.ts'
import { decodeCursor, idOfCursor, type Page, pageOf } from '../../platform/http/paging.ts'
import { type AuthService, lockUser, toUserView, type UserView } from '../auth/index.ts'
import {
  type createProfileBody,
  type LevelView,
  type Profile,
  toLevelView,
  toProfile,
  type updateProfileBody,
} from './dto.ts'
import {
  blankBusinessesOf,
  type Business,
  type BusinessFields,
  countOwned,
  findMe,
  ownedFinder,
  findOwnedProfile,
  insertBusiness,
  knowsTimeZone,
  listLevels,
  listOwnedProfiles,
  lockOwned,
  updateOwned,
} from './repository.ts'

/** CreatedListener adds to a new business what another module keeps about it, inside the creating transaction. */
export type CreatedListener = (tx: Transaction, business: Business) => Promise<void>

/** ChangedListener hears, after the commit, that something changed which others may see of a business or its owner. */
export type ChangedListener = () => Promise<void>

type BusinessServiceOptions = {
  db: Database
  settings: Pick<Settings, 'defaultTimeZone' | 'defaultCurrency'>
  clock: Clock
  auth: Pick<AuthService, 'updateMe'>
  changed: ChangedListener
}
type PageRequest = { limit: number; cursor?: string | undefined }
type ProfileChanges = z.output<typeof updateProfileBody>
type MeChanges = Parameters<AuthService['updateMe']>[1]

const MOST_BUSINESSES = 20
const pointsCursor = z.object({ points: z.int32() })

const absent = (businessId: string | undefined) =>
  businessId === undefined
    ? problem.notFound('no_business', 'Describe your business first.')
    : problem.notFound('not_found', 'There is no such business of yours.')

/** BusinessService is what owners do with their businesses, and the one way for others to reach one. */
export type BusinessService = ReturnType<typeof createBusinessService>

/** createBusinessService wires businesses and their profiles. */
export function createBusinessService(options: BusinessServiceOptions) {
  const { db, settings, clock, auth, changed } = options
  const createdListeners: CreatedListener[] = []
  const findOwned = ownedFinder(db)

  /**
   * businessFor answers the business that a user may act for: the one named, or their first. It decides access for the
   * whole service: 404 `no_business` for a user without one, 404 `not_found` for one that is not theirs.
   */
  async function businessFor(userId: string, businessId?: string): Promise<Business> {
    const business = await findOwned(userId, businessId)
    if (!business) throw absent(businessId)
    return business
  }

  /** profileFor is businessFor in wire shape, with standing and level. */
  async function profileFor(userId: string, businessId?: string): Promise<Profile> {
    const row = await findOwnedProfile(db, userId, businessId)
    if (!row) throw absent(businessId)
    return toProfile(row)
  }

  // Both must know it: the runtime shows times in it, and the database counts days in it.
  async function requireTimeZone(timeZone: string): Promise<void> {
    if (await knowsTimeZone(db, timeZone)) return
    throw problem.invalid([{ path: 'time_zone', message: 'is not known here; choose another name of it' }])
  }

  return {
    /** onCreated adds a listener inside every creating transaction; they run in the order of registration. */
    onCreated: (listener: CreatedListener) => void createdListeners.push(listener),
    businessFor,
    profileFor,

    /** createProfile makes a business with its standing; 409 `too_many_businesses` above 20, 401 when the account is gone. */
    async createProfile(userId: string, body: z.output<typeof createProfileBody>): Promise<Profile> {
      const timeZone = body.time_zone ?? settings.defaultTimeZone
      await requireTimeZone(timeZone)
      const profile = await db.transaction(async (tx) => {
        // Held, so that two at once cannot both be the twentieth, and the account cannot be erased meanwhile.
        const user = await lockUser(tx, userId)
        if (!user || user.disabledAt) throw problem.unauthorized()
        if ((await countOwned(tx, userId)) >= MOST_BUSINESSES)
          throw problem.conflict('too_many_businesses', `You may have at most ${MOST_BUSINESSES} businesses.`)
        const business = await insertBusiness(tx, {
          userId,
          businessName: body.business_name,
          businessCategory: body.business_category,
          businessDescription: body.business_description ?? null,
          address: body.address ?? null,
          businessStage: body.business_stage,
          targetMarket: body.target_market ?? null,
          primaryGoal: body.primary_goal ?? null,
          timeZone,
          currency: body.currency ?? settings.defaultCurrency,
          boardVisibility: 'shown',
          now: clock.now(),
        })
        for (const listener of createdListeners) await listener(tx, business)
        const row = await findOwnedProfile(tx, userId, business.id)
        if (!row) throw new Error('a business cannot be found in the transaction that made it')
        return toProfile(row)
      })
      await changed()
      return profile
    },

    /** updateProfile changes what is said of a business and answers it whole. */
    async updateProfile(userId: string, businessId: string | undefined, changes: ProfileChanges): Promise<Profile> {
      const business = await businessFor(userId, businessId)
      if (changes.time_zone !== undefined) await requireTimeZone(changes.time_zone)
      const now = clock.now()
      const updated = await db.transaction((tx) =>
        updateOwned(tx, { userId, businessId: business.id, fields: toFields(changes), now }),
      )
      if (!updated) throw absent(business.id)
      await changed()
      return profileFor(userId, business.id)
    },

    /** listProfiles pages through the businesses of a user, newest first. */
    async listProfiles(userId: string, { limit, cursor }: PageRequest): Promise<Page<Profile>> {
      const before = idOfCursor(cursor)
      const rows = await listOwnedProfiles(db, { userId, before, limit: limit + 1 })
      const page = pageOf(rows, limit, (row) => ({ id: row.business.id }))
      return { items: page.items.map(toProfile), next: page.next }
    },

    /** listLevels pages through the levels, the lowest first. */
    async listLevels({ limit, cursor }: PageRequest): Promise<Page<LevelView>> {
      const after = decodeCursor(pointsCursor, cursor)?.points
      const rows = await listLevels(db, { after, limit: limit + 1 })
      const page = pageOf(rows, limit, (level) => ({ points: level.requiredPoints }))
      return { items: page.items.map(toLevelView), next: page.next }
    },

    /** me answers the signed-in person and their first business; 401 when the account is gone or disabled. */
    async me(userId: string): Promise<UserView & { business: Profile | null }> {
      const found = await findMe(db, userId)
      if (!found || found.user.disabledAt) throw problem.unauthorized()
      return { ...toUserView(found.user), business: found.profile && toProfile(found.profile) }
    },

    /** updateMe changes the person's name and language and answers as `me` does. */
    async updateMe(userId: string, changes: MeChanges) {
      await auth.updateMe(userId, changes)
      await changed()
      return this.me(userId)
    },

    /** lockAll holds all businesses of a user until the transaction ends, and answers their ids. */
    lockAll: (tx: Transaction, userId: string): Promise<string[]> => lockOwned(tx, userId),

    /** erase takes everything personal out of a user's businesses, inside the transaction that erases the account. */
    erase: (tx: Transaction, userId: string): Promise<void> => blankBusinessesOf(tx, userId, clock.now()),
  }
}

// Field by field, so that nothing else a body may hold is ever applied. The query builder leaves undefined ones alone.
function toFields(changes: ProfileChanges): Partial<BusinessFields> {
  return {
    businessName: changes.business_name,
    businessCategory: changes.business_category,
    businessDescription: changes.business_description,
    address: changes.address,
    businessStage: changes.business_stage,
    targetMarket: changes.target_market,
    primaryGoal: changes.primary_goal,
    timeZone: changes.time_zone,
    currency: changes.currency,
    boardVisibility: changes.board_visibility,
  }
}

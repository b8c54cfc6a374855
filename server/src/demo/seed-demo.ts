import { like, sql } from 'drizzle-orm'
import { generatedPassword, insertAccount, type PasswordHasher, type User, users } from '../modules/auth/index.ts'
import { type Business, businesses, insertBusiness } from '../modules/business/index.ts'
import type { GamificationService, PastEvent } from '../modules/gamification/index.ts'
import type { Clock } from '../platform/clock.ts'
import type { Settings } from '../platform/config.ts'
import type { Database, Transaction } from '../platform/db/database.ts'
import type { Log } from '../platform/logger.ts'
import { type Career, drawCareer } from './activity.ts'
import { holdConversations } from './conversations.ts'
import { DEMO_DOMAIN, type DemoBusiness, drawBusinesses, JAKARTA } from './people.ts'
import { createRandom, type Random } from './random.ts'

/** DemoLogin is how to sign in as somebody of the demo. The password is kept nowhere in clear. */
export type DemoLogin = { email: string; password: string }

/** DemoLogins are the two people of the demo who can sign in. */
export type DemoLogins = { owner: DemoLogin; admin: DemoLogin }

type DemoOptions = {
  settings: Pick<Settings, 'defaultLocale'>
  db: Database
  app: { auth: { passwords: PasswordHasher }; gamification: { service: GamificationService } }
  clock: Clock
  log: Log
}

type Adjustment = { daysAgo: number; points: number; reason: string }
type Member = DemoBusiness & {
  career: Career
  visibility: Business['boardVisibility']
  adjustment: Adjustment | undefined
}
type PastOptions = { member: Member; business: Business; adminId: string; now: Date }

/** DEMO_BUSINESSES is how many businesses the demo has, the owner's own included. */
export const DEMO_BUSINESSES = 200

const SEED = 20_261_122
const DAY_MS = 86_400_000

// The top of the board, two ties among it. The demo owner comes next, with 10 points missing to the next rung.
const LEADERS = [3120, 2640, 2640, 2285, 1990, 1845, 1620, 1620, 1480, 1310, 1195, 1080]
const OWNER_POINTS = 940
const PRIZE: Adjustment = { daysAgo: 12, points: 50, reason: 'Second prize at the market day' }
const CORRECTION: Adjustment = { daysAgo: 6, points: -20, reason: 'A lesson was counted twice' }
const NOTHING_YET = 12

const OWNER: DemoBusiness = {
  ownerName: 'Sari Wulandari',
  email: `owner@${DEMO_DOMAIN}`,
  businessName: 'Kopi Senja',
  category: 'Food & Beverage',
  stage: 'Growing',
  description: 'A small coffee bar with Indonesian beans, open in the morning and again at dusk.',
  goal: 'Open a second coffee bar by next year',
  place: JAKARTA,
}

/**
 * seedDemo fills an empty installation: one admin, and 200 owners with a business each and what they earned within the last
 * months. The admin and one owner get a password, answered here to be shown once; nobody can sign in as the others. All of
 * it is one transaction, so a start that dies on the way leaves nothing, and instances that start at once wait for each
 * other. Answers undefined, and changes nothing, where there is a business, or anybody of the demo, already.
 */
export async function seedDemo(options: DemoOptions): Promise<DemoLogins | undefined> {
  const { db } = options
  const { passwords } = options.app.auth
  if (!(await isEmpty(db))) return undefined
  const owner = { email: OWNER.email, password: generatedPassword() }
  const admin = { email: `admin@${DEMO_DOMAIN}`, password: generatedPassword() }
  const hashes = {
    [owner.email]: await passwords.hash(owner.password),
    [admin.email]: await passwords.hash(admin.password),
  }
  const isSeeded = await db.transaction(async (tx) => {
    await tx.execute(sql`SELECT pg_advisory_xact_lock(hashtext('tangga'), hashtext('demo data'))`)
    if (!(await isEmpty(tx))) return false
    await seed(tx, options, (email) => hashes[email])
    return true
  })
  return isSeeded ? { owner, admin } : undefined
}

async function isEmpty(executor: Database | Transaction): Promise<boolean> {
  const found = await executor.select({ id: businesses.id }).from(businesses).limit(1)
  if (found.length > 0) return false
  const people = await executor
    .select({ id: users.id })
    .from(users)
    .where(like(users.email, `%@${DEMO_DOMAIN}`))
    .limit(1)
  return people.length === 0
}

async function seed(
  tx: Transaction,
  { settings, app, clock, log }: DemoOptions,
  hashOf: (email: string) => string | undefined,
): Promise<void> {
  const locale = settings.defaultLocale
  const gamification = app.gamification.service
  const now = clock.now()
  const random = createRandom(SEED)
  const admin = await insertAccount(tx, {
    email: `admin@${DEMO_DOMAIN}`,
    name: 'Demo Admin',
    role: 'admin',
    locale,
    passwordHash: hashOf(`admin@${DEMO_DOMAIN}`),
    now: new Date(now.getTime() - 200 * DAY_MS),
  })

  const members = drawMembers(random, now)
  const settled: { member: Member; user: User; business: Business }[] = []
  // In the order of signing up, which is the order of ids, and so of every list.
  for (const member of members.toSorted((a, b) => a.career.signedUpAt.getTime() - b.career.signedUpAt.getTime()))
    settled.push({ member, ...(await signUp(tx, { member, locale, passwordHash: hashOf(member.email) })) })
  await gamification.openStanding(tx, ...settled.map(({ business }) => business.id))

  const own = settled.find(({ member }) => member.email === OWNER.email)
  if (!own) throw new Error('the demo has lost its owner')
  const events = settled.flatMap(({ member, business }) => pastEvents({ member, business, adminId: admin.id, now }))
  const awards = await gamification.recordPastEvents(tx, events)
  await holdConversations(tx, {
    owner: { user: own.user, business: own.business, utcOffsetHours: own.member.place.utcOffsetHours },
    board: { businesses: settled.map(({ business }) => business), awards },
    gamification,
    now,
    log,
  })
}

function drawMembers(random: Random, now: Date): Member[] {
  const others = drawBusinesses(random, DEMO_BUSINESSES - 1).map((business, index) => ({
    business,
    points: pointsOf(index),
    eager: index < LEADERS.length,
    visibility: visibilityOf(index),
    adjustment: index === LEADERS.length - 1 ? CORRECTION : undefined,
  }))
  const own = { business: OWNER, points: OWNER_POINTS, eager: true, visibility: 'shown' as const, adjustment: PRIZE }
  return [own, ...others].map(({ business, points, eager, visibility, adjustment }) => {
    const { utcOffsetHours } = business.place
    const career = drawCareer(random, { points, now, utcOffsetHours, eager })
    return { ...business, visibility, adjustment, career }
  })
}

/** pointsOf is what the business at a place aims at: leaders, then ever fewer, and nothing yet at the end. */
function pointsOf(index: number): number {
  const leader = LEADERS[index]
  if (leader !== undefined) return leader
  if (index >= DEMO_BUSINESSES - 1 - NOTHING_YET) return 0
  return Math.round((880 * Math.exp((LEADERS.length - index) / 34)) / 5) * 5
}

function visibilityOf(index: number): Business['boardVisibility'] {
  if (index % 40 === 25) return 'hidden'
  return index % 30 === 4 ? 'alias' : 'shown'
}

async function signUp(
  tx: Transaction,
  options: { member: Member; locale: User['locale']; passwordHash: string | undefined },
): Promise<{ user: User; business: Business }> {
  const { member, locale, passwordHash } = options
  const { email, ownerName, place, career } = member
  const user = await insertAccount(tx, {
    email,
    name: ownerName,
    role: 'user',
    locale,
    passwordHash,
    now: career.signedUpAt,
  })
  const business = await insertBusiness(tx, {
    userId: user.id,
    businessName: member.businessName,
    businessCategory: member.category,
    businessDescription: member.description,
    address: { street: null, city: place.city, state: null, zip_code: null, country: place.country },
    businessStage: member.stage,
    targetMarket: null,
    primaryGoal: member.goal,
    timeZone: place.timeZone,
    currency: place.currency,
    boardVisibility: member.visibility,
    now: new Date(career.signedUpAt.getTime() + 180_000),
  })
  return { user, business }
}

function pastEvents({ member, business, adminId, now }: PastOptions): PastEvent[] {
  const { career, adjustment } = member
  const events: PastEvent[] = career.activities.map(({ type, at }, index) => ({
    businessId: business.id,
    type,
    occurredAt: at,
    key: `demo-${index + 1}`,
  }))
  if (!adjustment) return events
  const { daysAgo, points, reason } = adjustment
  const occurredAt = new Date(now.getTime() - daysAgo * DAY_MS)
  const given = { points, reason, adminId }
  return [
    ...events,
    { businessId: business.id, type: 'adjustment', occurredAt, key: 'demo-adjustment', adjustment: given },
  ]
}

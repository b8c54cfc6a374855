import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { eq } from 'drizzle-orm'
import { createTestDatabase } from '../../../test/harness.ts'
import { auditEntries } from '../../platform/audit/schema.ts'
import { systemClock } from '../../platform/clock.ts'
import { openPool, type Store } from '../../platform/db/database.ts'
import { createLog } from '../../platform/logger.ts'
import { resetPassword } from './command-reset.ts'
import { createFirstAdmin } from './first-admin.ts'
import { createPasswordHasher } from './password-hash.ts'
import { findByEmail, insertAccount, updateUser } from './repository.ts'
import { refreshFamilies, users } from './schema.ts'

const passwords = createPasswordHasher()
const clock = systemClock
const log = createLog({ level: 'silent' })
const email = 'admin@tangga.localhost'
const settings = { adminEmail: email, adminPassword: undefined, defaultLocale: 'en' as const }

let store: Store
let drop: () => Promise<void>
before(async () => {
  const database = await createTestDatabase()
  drop = database.drop
  store = openPool({ connectionString: database.url }, () => {})
})
after(async () => {
  await store.pool.end()
  await drop()
})
beforeEach(async () => void (await store.db.delete(users)))

const start = (changes: { adminPassword?: string } = {}) =>
  createFirstAdmin({ db: store.db, settings: { ...settings, ...changes }, passwords, clock, log })
const passwordHolds = async (password: string) =>
  passwords.verify(password, (await findByEmail(store.db, email))?.passwordHash ?? undefined)
const account = async (role: 'user' | 'admin') =>
  store.db.transaction(async (tx) =>
    insertAccount(tx, {
      email,
      name: 'Sari',
      role,
      locale: 'id',
      passwordHash: await passwords.hash('the password of before'),
      now: clock.now(),
    }),
  )

describe('the first admin', () => {
  test('is made once, with a password that is answered once and kept nowhere', async () => {
    const made = await start()
    assert.equal(made?.email, email)
    assert.match(made?.generatedPassword ?? '', /^([a-z2-9]{4}-){4}[a-z2-9]{4}$/)
    assert.equal(await passwordHolds(made?.generatedPassword ?? ''), true)
    assert.equal((await findByEmail(store.db, email))?.user.role, 'admin')
    assert.equal(await start(), undefined)
    assert.equal(await passwordHolds(made?.generatedPassword ?? ''), true)
  })

  test('has the password of the settings, which is not answered', async () => {
    const made = await start({ adminPassword: 'chosen by the operator' })
    assert.deepEqual(made, { email, generatedPassword: undefined })
    assert.equal(await passwordHolds('chosen by the operator'), true)
  })

  test('is never made by promoting an account that exists', async () => {
    await account('user')
    assert.equal(await start({ adminPassword: 'chosen by the operator' }), undefined)
    const found = await findByEmail(store.db, email)
    assert.equal(found?.user.role, 'user')
    assert.equal(await passwordHolds('the password of before'), true)
  })

  test('is not made where there is an admin already, even a disabled one', async () => {
    const { id } = await account('admin')
    await updateUser(store.db, id, { disabledAt: clock.now(), updatedAt: clock.now() })
    assert.equal(await start(), undefined)
    assert.equal((await store.db.select().from(users)).length, 1)
  })

  test('is made by one of several instances that start at once', async () => {
    const made = await Promise.all(Array.from({ length: 6 }, () => start()))
    const [one, ...others] = made.filter((admin) => admin !== undefined)
    assert.deepEqual(others, [])
    assert.equal((await store.db.select().from(users)).length, 1)
    assert.equal(await passwordHolds(one?.generatedPassword ?? ''), true)
  })
})

describe('the command that resets a password', () => {
  test('gives a new password and signs out everywhere, with no admin left', async () => {
    const { id } = await account('user')
    await store.db.insert(refreshFamilies).values({ id, userId: id })
    const reset = await resetPassword({ db: store.db, email: ' ADMIN@tangga.localhost ' })
    assert.ok(reset)
    const { password, ...rest } = reset
    assert.deepEqual(rest, { email, role: 'user', disabled: false, admins: 0 })
    assert.equal(await passwordHolds(password), true)
    assert.equal(await passwordHolds('the password of before'), false)
    assert.ok((await store.db.select().from(refreshFamilies)).every((family) => family.endedAt))
    const [entry] = await store.db.select().from(auditEntries).where(eq(auditEntries.subjectId, id))
    assert.equal(entry?.actorKind, 'command')
    assert.ok(!JSON.stringify(entry).includes(password))
  })

  test('makes an admin who can sign in only when it is told to', async () => {
    const { id } = await account('user')
    await updateUser(store.db, id, { disabledAt: clock.now(), updatedAt: clock.now() })
    const kept = await resetPassword({ db: store.db, email })
    assert.deepEqual([kept?.role, kept?.disabled, kept?.admins], ['user', true, 0])
    const made = await resetPassword({ db: store.db, email, makeAdmin: true })
    assert.deepEqual([made?.role, made?.disabled, made?.admins], ['admin', false, 1])
  })

  test('knows no account of an unknown e-mail, and changes nothing', async () => {
    await account('user')
    assert.equal(await resetPassword({ db: store.db, email: 'nobody@example.org', makeAdmin: true }), undefined)
    assert.equal(await passwordHolds('the password of before'), true)
  })
})

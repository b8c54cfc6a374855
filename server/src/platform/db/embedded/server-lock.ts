import { setTimeout as delay } from 'node:timers/promises'
import type { Session } from './session.ts'

/**
 * Two advisory locks in the maintenance database say who uses a running database. They are the session's, and the
 * session ends with its process, however that dies: an orphan database has no owner, a live server's has.
 *
 * `owner` is held alone by the one live server. `user` is shared by everybody, command-line tools too: who can take it
 * alone is the last one and may stop the database.
 */
const locks = { owner: '7402154961550001', user: '7402154961550002' }

/** takeOwnership tries for `waitMs` to become the one server of this database; a server just killed may linger briefly. */
export async function takeOwnership(session: Session, signal: AbortSignal, waitMs = 2_000): Promise<boolean> {
  const deadline = Date.now() + waitMs
  while (!(await ask(session, `select pg_try_advisory_lock(${locks.owner}) as ok`))) {
    if (Date.now() > deadline) return false
    await delay(50, undefined, { signal })
  }
  return true
}

/** joinUsers counts this session among the users; it waits while somebody is about to stop the database. */
export async function joinUsers(session: Session): Promise<void> {
  await session.client.query(`select pg_advisory_lock_shared(${locks.user})`)
}

/**
 * leaveUsers takes this session out again. It comes before isAlone when several may leave at the same moment: if each
 * kept its share while asking, none would be the last.
 */
export async function leaveUsers(session: Session): Promise<void> {
  await session.client.query(`select pg_advisory_unlock_shared(${locks.user})`)
}

/** isAlone takes the lock of the users for this session alone; true: nobody else uses the database, or can from now on. */
export async function isAlone(session: Session): Promise<boolean> {
  return ask(session, `select pg_try_advisory_lock(${locks.user}) as ok`)
}

async function ask(session: Session, question: string): Promise<boolean> {
  const { rows } = await session.client.query<{ ok: boolean }>(question)
  return rows[0]?.ok === true
}

import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type pg from 'pg'
import { createStandingConnection } from '../../../platform/db/standing-connection.ts'
import type { Log } from '../../../platform/logger.ts'
import type { Board } from './board.ts'

const CHANNEL = 'tangga_board'
const SAFETY_POLL_MS = 1_000
const GATHER_MS = 5
const RETRY_MS = 500
// How long after it was last heard of another instance is still told of changes.
const PEER_MS = 10_000
// An instance that only reads is heard of this often.
const SIGN_OF_LIFE_MS = 3_000

/**
 * BoardFollower keeps the board of this process in step with the database. Instances tell each other that something
 * changed, and no more, by NOTIFY in a transaction of its own, gathered for some milliseconds: inside the award's
 * transaction it would make commits queue. A poll once a second makes good whatever was not heard.
 */
export type BoardFollower = {
  /** start warms the board up in the background; `warm` resolves when it answers from memory. */
  start(): { warm: Promise<void> }
  /** changed tells the other instances, where there are any, that something changed here. */
  changed(): void
  close(): Promise<void>
}

type FollowerOptions = { board: Board; pool: pg.Pool; log: Log }

/** createBoardFollower makes the follower of this process; it holds one connection, to listen on. */
export function createBoardFollower({ board, pool, log }: FollowerOptions): BoardFollower {
  const instance = randomUUID()
  let poll: NodeJS.Timeout | undefined
  let signOfLife: NodeJS.Timeout | undefined
  let gather: NodeJS.Timeout | undefined
  let peerHeardAt = -Infinity
  let hasMore = false
  let isFollowing = false
  let hasListened = false
  const closing = new AbortController()
  let starting: Promise<void> = Promise.resolve()

  async function follow(): Promise<void> {
    if (isFollowing) {
      hasMore = true
      return
    }
    isFollowing = true
    do {
      hasMore = false
      // The next poll tries again, and what was missed is still there.
      await board.follow().catch((error: unknown) => log.warn({ err: error }, 'the board could not read its news'))
    } while (hasMore && !closing.signal.aborted)
    isFollowing = false
  }

  function tell(message: 'changed' | 'here' | 'joined'): void {
    pool
      .query('SELECT pg_notify($1, $2)', [CHANNEL, `${instance} ${message}`])
      .catch((error: unknown) => log.debug({ err: error }, 'other instances could not be told'))
  }

  function heard(payload: string): void {
    const [sender, message] = payload.split(' ')
    if (sender === instance) return
    peerHeardAt = Date.now()
    // A newcomer learns by the answer that it is not alone.
    if (message === 'joined') tell('here')
    if (message !== 'here') void follow()
  }

  const connection = createStandingConnection({
    pool,
    applicationName: 'tangga board',
    async onOpen(client) {
      await client.query(`LISTEN ${CHANNEL}`)
      tell('joined')
      if (hasListened) {
        void board.rewind()
        void follow()
      }
      hasListened = true
    },
    onLost: () => {},
    onNotification: heard,
    onError: (error) => log.debug({ err: error }, 'the board cannot listen yet'),
  })

  async function begin(): Promise<void> {
    await connection.open()
    while (!board.isWarm && !closing.signal.aborted) {
      try {
        await board.warmUp()
      } catch (error) {
        log.warn({ err: error }, 'the board could not be read; trying again')
        await pause(RETRY_MS, undefined, { signal: closing.signal }).catch(() => {})
      }
    }
    if (closing.signal.aborted) return
    poll = setInterval(() => void follow(), SAFETY_POLL_MS).unref()
    signOfLife = setInterval(() => tell('here'), SIGN_OF_LIFE_MS).unref()
  }

  return {
    start() {
      starting = begin()
      return { warm: starting }
    },
    changed() {
      if (gather || Date.now() - peerHeardAt > PEER_MS) return
      gather = setTimeout(() => {
        gather = undefined
        tell('changed')
      }, GATHER_MS).unref()
    },
    async close() {
      closing.abort()
      clearInterval(poll)
      clearInterval(signOfLife)
      clearTimeout(gather)
      await connection.close()
      await starting
    },
  }
}

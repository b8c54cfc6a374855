import { Redis } from 'ioredis'
import type { Log } from './logger.ts'

/** RedisConnection is the connection that an instance shares counts and live runs through. */
export type RedisConnection = Redis

// Redis answers within a millisecond or is not worth waiting for: what it is asked can be answered without it.
const COMMAND_TIMEOUT_MS = 250
const CONNECT_TIMEOUT_MS = 2_000
const LONGEST_PAUSE_MS = 2_000

/**
 * createRedis makes a connection that never holds a call up: a command fails at once while Redis is away, and the
 * connection comes back by itself. It connects when `connect` is called, and failing to is no error.
 */
export function createRedis(url: string, log: Log): { redis: RedisConnection; connect(): void; close(): void } {
  const redis = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_TIMEOUT_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: (attempt) => Math.min(attempt * 100, LONGEST_PAUSE_MS),
    connectionName: 'tangga',
  })
  let isAway = false
  redis.on('error', (error: Error) => {
    if (!isAway)
      log.warn(
        { err: error },
        'Redis is away; this instance counts limits for itself meanwhile, and follows runs of others through the database',
      )
    isAway = true
  })
  redis.on('ready', () => {
    if (isAway) log.info('Redis is back')
    isAway = false
  })
  return {
    redis,
    connect: () => void redis.connect().catch(() => {}),
    close: () => redis.disconnect(),
  }
}

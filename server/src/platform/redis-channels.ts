import type { Redis } from 'ioredis'
import type { RedisConnection } from './redis.ts'

/** RedisChannels hears what is published in Redis, on a connection of its own, which comes back by itself. */
export type RedisChannels = {
  /** hear calls back with every message of a channel until the returned function is called. */
  hear(channel: string, listener: (message: string) => void): () => void
  /** onReady calls back whenever messages begin to be heard, since some may have been missed before. */
  onReady(listener: () => void): void
  connect(): void
  close(): void
}

/** createRedisChannels makes it beside a connection, not opened yet. */
export function createRedisChannels(beside: RedisConnection): RedisChannels {
  const listeners = new Map<string, Set<(message: string) => void>>()
  const readyListeners: (() => void)[] = []
  // Channels are asked for anew on every connection, by the list above alone.
  const connection: Redis = beside.duplicate({
    lazyConnect: true,
    autoResubscribe: false,
    connectionName: 'tangga news',
  })
  // Whether Redis is there is told by the connection beside this one.
  connection.on('error', () => {})
  connection.on('message', (channel: string, message: string) => {
    for (const listener of listeners.get(channel) ?? []) listener(message)
  })
  connection.on('ready', () => void subscribeAll())

  async function subscribeAll(): Promise<void> {
    try {
      if (listeners.size > 0) await connection.subscribe(...listeners.keys())
      for (const listener of readyListeners) listener()
    } catch {
      // The connection is lost again, and the next one begins here.
    }
  }

  return {
    hear(channel, listener) {
      const known = listeners.get(channel)
      if (known) known.add(listener)
      else {
        listeners.set(channel, new Set([listener]))
        if (connection.status === 'ready') connection.subscribe(channel).catch(() => {})
      }
      return () => {
        const left = listeners.get(channel)
        left?.delete(listener)
        if (left?.size !== 0) return
        listeners.delete(channel)
        if (connection.status === 'ready') connection.unsubscribe(channel).catch(() => {})
      }
    },
    onReady: (listener) => void readyListeners.push(listener),
    connect: () => void connection.connect().catch(() => {}),
    close: () => connection.disconnect(),
  }
}

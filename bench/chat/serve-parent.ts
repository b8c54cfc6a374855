import { nowMs } from './clock.ts'

/** Usage is the CPU time that a process has used so far, its resident memory, and the clock as it reads it. */
export type Usage = { cpuMs: number; rssBytes: number; atMs: number }

/**
 * serveParent tells the parent process that this one is ready, and answers what it asks over the IPC channel, one message
 * each: `{usage: true}` with Usage, everything else as `answer` does.
 */
export function serveParent<Message extends object>(options: {
  ready: object
  answer: (message: Message) => Promise<unknown>
}): void {
  process.on('message', (message: Message | { usage: true }) => {
    if ('usage' in message) process.send?.(usage())
    // A job that fails ends the process, which the parent notices.
    else void options.answer(message).then((answer) => process.send?.(answer))
  })
  process.on('disconnect', () => process.exit(0))
  process.send?.(options.ready)
}

/** usage reads what this process has used. */
export function usage(): Usage {
  const { user, system } = process.cpuUsage()
  return { cpuMs: (user + system) / 1000, rssBytes: process.memoryUsage.rss(), atMs: nowMs() }
}

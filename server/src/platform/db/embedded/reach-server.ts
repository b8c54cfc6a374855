import { rm } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { StartupRefusal } from '../../startup-refusal.ts'
import type { StoreLog } from '../data-dir.ts'
import { startServer, stopServer } from './cluster.ts'
import type { Cluster, StartedServer } from './cluster.ts'
import { postmasterFilePath, readPostmasterFile } from './postmaster-file.ts'
import type { PostmasterFile } from './postmaster-file.ts'
import { isAlive, isPostmasterOf } from './process-state.ts'
import { isSession, openSession } from './session.ts'
import type { Session } from './session.ts'

/** Reached is a running server with a session on it; `wasStarted` tells that this call started it. */
export type Reached = { session: Session; socketFolder: string; wasStarted: boolean }

type Context = { password: string; log: StoreLog; signal: AbortSignal }

/** Replaying the log after a crash takes seconds; the limit only stops a wait that would never end. */
const recoveryLimitMs = 600_000
/** How long a living server may be silent, and a refusal over a lock file or shared memory be repeated. */
const patienceMs = 10_000

/**
 * reachServer answers with a session on the server of this database folder: the one that runs, if any, else one started
 * now. The caller holds the start lock.
 */
export async function reachServer(cluster: Cluster, context: Context): Promise<Reached> {
  const begun = Date.now()
  for (;;) {
    const file = await readPostmasterFile(cluster.folder)
    const running = file && (await joinRunning(cluster, file, context))
    if (running) return running

    const server = await startServer(cluster)
    const session = await untilReady(cluster, server, context).catch(async (error: unknown) => {
      await stopServer(cluster, server.pid)
      throw error
    })
    if (session) return { session, socketFolder: cluster.socketFolder, wasStarted: true }

    const reason = await server.lastWords()
    // Backends of a server that was killed need a moment to notice; until then they hold on to its shared memory. No
    // reason at all: the new server was killed in its turn.
    const mayPass = reason === undefined || /lock file|shared memory/.test(reason)
    if (!mayPass || Date.now() - begun > patienceMs) {
      throw new StartupRefusal(
        `The database in ${cluster.folder} did not start: ${reason ?? 'it gave no reason'} (see ${cluster.logFile}).`,
      )
    }
    await delay(100, undefined, { signal: context.signal })
  }
}

/** joinRunning waits for the server that a postmaster.pid speaks of; undefined: there is none, and a start may go on. */
async function joinRunning(cluster: Cluster, file: PostmasterFile, context: Context): Promise<Reached | undefined> {
  const { pid, socketFolder = cluster.socketFolder } = file
  const begun = Date.now()
  let wasTold = false
  for (;;) {
    // The socket is asked before the process table: of two containers that share the folder, neither sees the other's
    // processes, while the socket answers both.
    const answer = await openSession(socketFolder, context.password)
    if (isSession(answer)) return { session: answer, socketFolder, wasStarted: false }
    const isThere = await isPostmasterOf(pid, cluster.folder)
    if (answer === 'absent' && !isThere) {
      // PostgreSQL would take any process of that number for its server and refuse to start.
      if (await isAlive(pid)) await rm(postmasterFilePath(cluster.folder), { force: true })
      return undefined
    }
    const waitedMs = Date.now() - begun
    if (waitedMs > (answer === 'absent' ? patienceMs : recoveryLimitMs)) {
      context.log.warn(`The database process ${pid} of ${cluster.folder} does not answer; stopping it`)
      if (isThere && (await stopServer(cluster, pid))) return undefined
      throw new StartupRefusal(`The database process ${pid} of ${cluster.folder} neither answers nor stops: kill it.`)
    }
    if (waitedMs > 3_000 && !wasTold) {
      context.log.info(`Waiting for the database in ${cluster.folder} to become ready`)
      wasTold = true
    }
    await delay(50, undefined, { signal: context.signal })
  }
}

/** untilReady answers with a session once the started server takes one; undefined: it has exited before. */
async function untilReady(cluster: Cluster, server: StartedServer, context: Context): Promise<Session | undefined> {
  const begun = Date.now()
  let wasTold = false
  while (Date.now() - begun < recoveryLimitMs) {
    const answer = await openSession(cluster.socketFolder, context.password)
    if (isSession(answer)) return answer
    if (server.hasExited()) return undefined
    if (Date.now() - begun > 3_000 && !wasTold) {
      context.log.info('The database is recovering from an unclean stop; this can take a while')
      wasTold = true
    }
    await delay(answer === 'absent' ? 5 : 50, undefined, { signal: context.signal })
  }
  throw new StartupRefusal(`The database in ${cluster.folder} is not ready after 10 minutes (see ${cluster.logFile}).`)
}

import { lookup, Resolver } from 'node:dns/promises'

/** ResolveHost answers every IP address of a host name, or throws when there is none. */
export type ResolveHost = (hostname: string) => Promise<string[]>

const TIMEOUT_MS = 2_000
const TRIES = 2

/**
 * createHostResolver asks the name servers itself, without blocking one of the few threads that the system's resolver
 * would wait in: a name server that hangs must not delay password checks. The system's resolver is asked for names that
 * the servers do not know, such as those of the hosts file.
 */
export function createHostResolver(): ResolveHost {
  const servers = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES })
  return async (hostname) => {
    const answers = await Promise.allSettled([servers.resolve4(hostname), servers.resolve6(hostname)])
    const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
    if (addresses.length > 0) return addresses
    for (const answer of answers) if (answer.status === 'rejected' && timedOut(answer.reason)) throw answer.reason
    return (await lookup(hostname, { all: true })).map(({ address }) => address)
  }
}

function timedOut(reason: unknown): boolean {
  return reason instanceof Error && 'code' in reason && (reason.code === 'ETIMEOUT' || reason.code === 'ECANCELLED')
}

import { isIP } from 'node:net'
import type { ResolveHost } from './host-resolver.ts'
import { isPublicAddress } from './public-address.ts'

/** RefusedDestination says in a sentence for a person why nothing is sent there. */
export class RefusedDestination extends Error {
  override name = 'RefusedDestination'
}

/** Destinations decide where webhooks may go. */
export type Destinations = {
  /** checkAddress refuses what can be refused by the look of the address: scheme, credentials, an IP address that is not public. */
  checkAddress(url: string): URL
  /** addressesOf resolves a host name and refuses it when any of its addresses is not public. */
  addressesOf(hostname: string): Promise<string[]>
  /** check is both: what a new target has to pass. */
  check(url: string): Promise<void>
}

/** createDestinations allows public https addresses only or, with `allowPrivate`, http and any network as well. */
export function createDestinations(options: { allowPrivate: boolean; resolveHost: ResolveHost }): Destinations {
  const { allowPrivate, resolveHost } = options
  const schemes = allowPrivate ? ['https:', 'http:'] : ['https:']

  function refuseUnlessPublic(address: string): void {
    if (allowPrivate || isPublicAddress(address)) return
    throw new RefusedDestination('leads to an address that is not on the public internet')
  }

  function checkAddress(text: string): URL {
    const url = URL.parse(text)
    if (!url || !schemes.includes(url.protocol))
      throw new RefusedDestination(`must be an ${allowPrivate ? 'http(s)' : 'https'} address`)
    if (url.username || url.password) throw new RefusedDestination('must not have a user name or password in it')
    const literal = url.hostname.replace(/^\[|\]$/g, '')
    if (isIP(literal)) refuseUnlessPublic(literal)
    return url
  }

  async function addressesOf(hostname: string): Promise<string[]> {
    const addresses = await resolveHost(hostname).catch((cause: unknown) => {
      throw new RefusedDestination('has a host name that cannot be resolved', { cause })
    })
    if (addresses.length === 0) throw new RefusedDestination('has a host name that cannot be resolved')
    for (const address of addresses) refuseUnlessPublic(address)
    return addresses
  }

  return {
    checkAddress,
    addressesOf,
    async check(text) {
      const { hostname } = checkAddress(text)
      if (!isIP(hostname.replace(/^\[|\]$/g, ''))) await addressesOf(hostname)
    },
  }
}

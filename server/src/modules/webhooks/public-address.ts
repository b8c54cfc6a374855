import ipaddr from 'ipaddr.js'

// All that is routed on the internet so far. What lies outside of it, such as `::127.0.0.1`, leads nowhere good.
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3')

/**
 * isPublicAddress tells whether an IP address belongs to the public internet. Private, loopback, link-local, unique-local,
 * carrier-grade NAT, multicast, unspecified, reserved and documentation addresses do not, nor does any IPv6 address that
 * stands for an IPv4 one (mapped, NAT64, 6to4, Teredo), unless it is mapped and the IPv4 address is public itself.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.process(address)
  if (parsed.range() !== 'unicast') return false
  return !(parsed instanceof ipaddr.IPv6) || parsed.match(GLOBAL_UNICAST)
}

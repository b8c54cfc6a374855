/** OriginCheck is what a request says about where it comes from, and what the installation allows. */
export type OriginCheck = {
  /** The Origin header; absent for programs that are no browsers. */
  origin: string | undefined
  /** Host and port that the request was sent to. */
  host: string
  publicUrl: string | undefined
  corsOrigins: string[]
}

/**
 * isAllowedOrigin tells whether a request that is carried by a cookie may be obeyed: it comes from no browser, from the
 * host that it was sent to, from the public address, or from an origin allowed by name. The scheme of the own host is
 * not compared, since behind a proxy that ends TLS the server sees http where the browser sees https.
 */
export function isAllowedOrigin({ origin, host, publicUrl, corsOrigins }: OriginCheck): boolean {
  if (origin === undefined) return true
  if (corsOrigins.includes(origin)) return true
  if (!URL.canParse(origin)) return false
  if (publicUrl !== undefined && new URL(publicUrl).origin === origin) return true
  return new URL(origin).host === host.toLowerCase()
}

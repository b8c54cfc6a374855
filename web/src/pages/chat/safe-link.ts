/**
 * safeLink is the address of a link in a model's answer if it may be followed, else undefined: only absolute http(s)
 * addresses, so that no answer can run a script, open another program, or call this app itself in the person's name.
 */
export function safeLink(href: string | undefined): string | undefined {
  if (href === undefined || !/^https?:\/\//i.test(href.trim())) return undefined
  try {
    const url = new URL(href.trim())
    // A name before the host ("https://bank.example@evil.example") only serves to mislead.
    return url.username === '' && url.password === '' ? url.href : undefined
  } catch {
    return undefined
  }
}

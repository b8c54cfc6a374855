/**
 * nextPage is the path and query of the `rel="next"` address in a Link header, or null at the end of a list.
 * The host is dropped: behind a proxy the server may know another one than the browser.
 */
export function nextPage(link: string | null): string | null {
  for (const part of link?.split(/,(?=\s*<)/) ?? []) {
    const match = /<([^>]+)>(.*)/.exec(part)
    if (match?.[1] !== undefined && /;\s*rel="?next"?/i.test(match[2] ?? '')) {
      const url = new URL(match[1], 'http://localhost')
      return url.pathname + url.search
    }
  }
  return null
}

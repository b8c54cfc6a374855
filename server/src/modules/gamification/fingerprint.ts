import { hash } from 'node:crypto'

/**
 * fingerprint is the SHA-256 (base64url) of a JSON value in which the order of an object's members makes no difference:
 * two bodies that say the same thing have the same one.
 */
export function fingerprint(value: unknown): string {
  return hash('sha256', JSON.stringify(sorted(value)), 'base64url')
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object' || isSorted(value)) return value
  const members: [string, unknown][] = []
  for (const name of Object.keys(value).sort()) {
    const member: unknown = Reflect.get(value, name)
    if (member !== undefined) members.push([name, sorted(member)])
  }
  return Object.fromEntries(members)
}

// As events without metadata are.
function isSorted(value: object): boolean {
  let before = ''
  for (const [name, member] of Object.entries(value)) {
    if (name < before || (typeof member === 'object' && member !== null)) return false
    before = name
  }
  return true
}

import type { z } from 'zod'

type Issue = z.core.$ZodRawIssue

const KINDS: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a JSON object',
  record: 'a JSON object',
  array: 'a list',
}

const FORMATS: Record<string, string> = {
  datetime: 'must be a time such as 2026-11-22T08:00:00Z',
  uuid: 'must be a UUID',
  email: 'must be an e-mail address',
  url: 'must be an address',
}

/**
 * fieldMessage says what is wrong with a value in words for the person who sent it, where the schema itself has none;
 * undefined leaves it to Zod. The value is not repeated: it may be a secret.
 */
export function fieldMessage(issue: Issue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return 'is missing'
      return KINDS[issue.expected] && `must be ${KINDS[issue.expected]}`
    case 'too_big':
      return `must ${bound(issue.origin, 'most', issue.maximum)}`
    case 'too_small':
      if (issue.origin === 'string' && issue.minimum === 1) return 'must not be empty'
      return `must ${bound(issue.origin, 'least', issue.minimum)}`
    case 'invalid_value':
      return `must be ${issue.values.map(String).join(' or ')}`
    case 'invalid_format':
      return FORMATS[issue.format]
  }
  return undefined
}

function bound(origin: string, end: 'most' | 'least', value: number | bigint): string {
  if (origin === 'string') return `have at ${end} ${value} characters`
  if (origin === 'array' || origin === 'set') return `have at ${end} ${value} entries`
  return `be at ${end} ${value}`
}

import { z } from 'zod'

const OPEN = '<business_data>'
const CLOSE = '</business_data>'

// What could open or close a block, and the line separators that JSON leaves as they are.
const MARKUP = /[<>&\u2028\u2029]/g

/**
 * dataBlock encodes values that people wrote as one line of JSON between two markers. `<` and `>` become JSON escapes,
 * so that no value can close the block or open another, whatever it says.
 */
export function dataBlock(data: unknown): string {
  return `${OPEN}\n${encoded(data)}\n${CLOSE}`
}

/** encoded writes a value as dataBlock does, on one line, without the markers. */
export function encoded(data: unknown): string {
  return JSON.stringify(data).replace(
    MARKUP,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

const parsedJson = z.string().transform((text, context) => {
  try {
    return z.json().parse(JSON.parse(text))
  } catch {
    context.addIssue('expected JSON')
    return z.NEVER
  }
})

/** readDataBlock reads back what dataBlock wrote somewhere in a text, or undefined when there is none. */
export function readDataBlock(text: string): unknown {
  const from = text.indexOf(`${OPEN}\n`)
  const to = text.indexOf(`\n${CLOSE}`, from)
  if (from === -1 || to === -1) return undefined
  return parsedJson.safeParse(text.slice(from + OPEN.length + 1, to)).data
}

// Replaced by `npm run generate client`.
export type paths = Record<string, never>
export type components = Record<string, never>
export type operations = Record<string, never>

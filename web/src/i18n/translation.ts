import type { en } from './en.ts'

// Languages without a singular form need only the `_other` text.
type Texts<T> = T extends string
  ? string
  : { [K in keyof T as K extends `${string}_one` ? never : K]: Texts<T[K]> } & {
      [K in keyof T as K extends `${string}_one` ? K : never]?: string
    }

/** Translation is the shape of a language: a missing or misspelt key is a type error. */
export type Translation = Texts<typeof en>

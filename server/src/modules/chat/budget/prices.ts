import type { Settings } from '../../../platform/config.ts'

/** Tariff is what a million tokens cost, as decimal numbers in writing; null where no price is set. */
export type Tariff = { input: string; output: string; currency: string } | null

/** PriceSettings are the settings that say what tokens cost. */
export type PriceSettings = Pick<Settings, 'llmPrices' | 'llmPriceCurrency'>

/** tariffOf finds what a model costs: its own price, or that of `*`. The offline advisor costs nothing and has none. */
export function tariffOf(settings: PriceSettings, model: string): Tariff {
  if (model === OFFLINE) return null
  const { llmPrices, llmPriceCurrency: currency } = settings
  const price = llmPrices.find((entry) => entry.model === model) ?? llmPrices.find((entry) => entry.model === '*')
  return price ? { input: price.input, output: price.output, currency } : null
}

/** OFFLINE is the name under which the offline advisor answers; it uses no tokens. */
export const OFFLINE = 'offline'

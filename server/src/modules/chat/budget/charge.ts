import type { Usage } from '../../agent/index.ts'
import type { Tariff } from './prices.ts'

/** Charge is what a run is taken to have used, by which model, and at what price. */
export type Charge = { model: string; usage: Usage; isEstimated: boolean; tariff: Tariff }

/** chargeColumns are the columns of a run that say what it used. */
export const chargeColumns = ({ usage, isEstimated, ...model }: Charge) => ({
  chargedInput: usage.inputTokens,
  chargedOutput: usage.outputTokens,
  chargeEstimated: isEstimated,
  ...modelColumns(model),
})

/** modelColumns are the columns of a run that say by which model, and at what price. */
export function modelColumns({ model, tariff }: { model: string; tariff: Tariff }) {
  return {
    model,
    inputPrice: tariff?.input ?? null,
    outputPrice: tariff?.output ?? null,
    priceCurrency: tariff?.currency ?? null,
  }
}

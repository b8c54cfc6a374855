import type { Clock } from '../../platform/clock.ts'
import type { ChosenModel, Models } from './models.ts'

/** ModelOrder knows in which order the models are to be asked. */
export type ModelOrder = ReturnType<typeof createModelOrder>

/**
 * createModelOrder makes a ModelOrder: the models in the order of the settings, but those last that could not be used a
 * moment ago. So a provider that hangs makes one person wait, and not everybody after them. It is known to this process
 * alone, and for `restMs`; then the model is asked first again.
 */
export function createModelOrder({ models, clock, restMs }: { models: Models; clock: Clock; restMs: number }) {
  const restsUntil = new Map<ChosenModel, number>()
  return {
    /** models answers the order of this moment; `first`, which has answered before in this run, stays in front. */
    models(first?: ChosenModel): ChosenModel[] {
      const now = clock.now().getTime()
      const place = (model: ChosenModel) => (model === first ? 0 : (restsUntil.get(model) ?? 0) <= now ? 1 : 2)
      return models.toSorted((a, b) => place(a) - place(b))
    },

    /** rest puts a model last for a while, because it could not be used. */
    rest(model: ChosenModel): void {
      restsUntil.set(model, clock.now().getTime() + restMs)
    },
  }
}

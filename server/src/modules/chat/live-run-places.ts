import { problem } from '../../platform/errors.ts'

/** LiveRunPlaces bound how many runs this process makes at once, whoever their owners are. */
export type LiveRunPlaces = {
  /** take takes a place, to be released once; undefined when all are taken. */
  take(): (() => void) | undefined
  readonly taken: number
}

const RETRY_AFTER_SECONDS = 5
const messages = {
  en: 'The advisor is answering as many people as it can right now. Please try again in a moment.',
  id: 'Penasihat sedang melayani sebanyak mungkin orang. Silakan coba lagi sebentar lagi.',
}

/** tooManyLiveRuns is the 429 of a message that finds every place taken. */
export const tooManyLiveRuns = (locale: 'en' | 'id') =>
  problem.tooMany(messages[locale], RETRY_AFTER_SECONDS, 'too_many_live_runs')

/** createLiveRunPlaces makes `places` places; 0 is no limit. */
export function createLiveRunPlaces(places: number): LiveRunPlaces {
  let taken = 0
  return {
    take() {
      if (places > 0 && taken >= places) return undefined
      taken++
      let isReleased = false
      return () => {
        if (!isReleased) taken--
        isReleased = true
      }
    },
    get taken() {
      return taken
    },
  }
}

/** Clock tells the time; everything that needs "now" takes one, so that tests can set it. */
export type Clock = { now(): Date }

/** systemClock is the machine's own. */
export const systemClock: Clock = { now: () => new Date() }

/** nowMs reads the machine's monotonic clock, in milliseconds; all processes of one machine read the same one. */
export const nowMs = () => Number(process.hrtime.bigint()) / 1e6

/** stampedToken is a piece of an answer that tells when it was written: tenths of a millisecond, and a blank. */
export const stampedToken = () => `${Math.round(nowMs() * 10).toString(36)} `

/** stampOf reads the time in milliseconds from a word of stamped tokens. */
export const stampOf = (word: string) => Number.parseInt(word, 36) / 10

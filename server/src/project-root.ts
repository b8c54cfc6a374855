import { fileURLToPath } from 'node:url'

/** projectRoot is the folder of the whole project; relative data folders count from it. */
export const projectRoot = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

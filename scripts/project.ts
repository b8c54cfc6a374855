import { fileURLToPath } from 'node:url'

/** projectRoot is the absolute path of the repository, without a trailing slash; every script works from there. */
export const projectRoot: string = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '')

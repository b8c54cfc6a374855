import manifest from '../package.json' with { type: 'json' }

/** version is the release, as the server's package names it. */
export const version: string = manifest.version

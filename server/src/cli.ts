#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { exitOnRefusal, runServer } from './main.ts'
import { resetPassword } from './modules/auth/index.ts'
import { loadSettings, type Settings } from './platform/config.ts'
import { openPool } from './platform/db/database.ts'
import { migrate } from './platform/db/migrate.ts'
import { openStore } from './platform/db/open-store.ts'
import { createLog } from './platform/logger.ts'
import { StartupRefusal } from './platform/startup-refusal.ts'
import { projectRoot } from './project-root.ts'
import { version } from './version.ts'

const USAGE = `Tangga ${version}

  tangga start                                      run the server
  tangga reset-password <email> [--make-admin]      give an account a new password, shown once

Settings come from the environment; see the README.`

/** run carries out one command of the command line. */
async function run(args: string[]): Promise<void> {
  const { positionals, values } = readArguments(args)
  const [command, ...rest] = positionals
  if (values.help || command === undefined) return say(USAGE)
  if (values.version) return say(version)
  if (command === 'start' && rest.length === 0) return runServer(loadSettings())
  const [email] = rest
  if (command === 'reset-password' && email !== undefined && rest.length === 1)
    return resetPasswordOf(loadSettings(), email, values['make-admin'])
  throw new StartupRefusal(USAGE)
}

function readArguments(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        'make-admin': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
        version: { type: 'boolean', short: 'v', default: false },
      },
    })
  } catch {
    throw new StartupRefusal(USAGE)
  }
}

async function resetPasswordOf(settings: Settings, email: string, makeAdmin: boolean): Promise<void> {
  const log = createLog({ level: 'warn' })
  const { databaseUrl, dataDir } = settings
  const store = await openStore({ databaseUrl, dataDir, projectRoot, exclusive: false, log })
  try {
    await migrate(store.connection)
    const { pool, db } = openPool(store.connection, () => {})
    try {
      const reset = await resetPassword({ db, email, makeAdmin })
      if (!reset) throw new StartupRefusal(`There is no account with the e-mail ${email}.`)
      say(`New password of ${reset.email} (${reset.role}): ${reset.password}`)
      if (reset.disabled) say('The account is disabled and cannot sign in until an admin enables it.')
      if (reset.admins === 0) say('No admin is left. Run this again with --make-admin to make this account one.')
    } finally {
      await pool.end()
    }
  } finally {
    await store.close()
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

await exitOnRefusal(() => run(process.argv.slice(2)))

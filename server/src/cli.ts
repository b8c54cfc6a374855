#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { exitOnRefusal, runServer } from './main.ts'
import { resetPassword } from './modules/auth/index.ts'
import { backup } from './operations/backup.ts'
import { rebuild } from './operations/rebuild.ts'
import { restore } from './operations/restore.ts'
import { verify } from './operations/verify.ts'
import { loadSettings } from './platform/config.ts'
import { openPool } from './platform/db/database.ts'
import { migrate } from './platform/db/migrate.ts'
import { type OpenedStore, openStore } from './platform/db/open-store.ts'
import { createLog } from './platform/logger.ts'
import { StartupRefusal } from './platform/startup-refusal.ts'
import { projectRoot } from './project-root.ts'
import { version } from './version.ts'

type Call = { argument: string; flags: { 'make-admin': boolean; 'other-secret-key': boolean } }

/** A command of the command line; it answers whether all is well, or nothing where that goes without saying. */
type Command = {
  /** What it is called with, as the usage names it; a command without one takes nothing. */
  argument?: string
  flag?: '--make-admin' | '--other-secret-key'
  summary: string
  run: (call: Call) => Promise<boolean | void>
}

const commands: Record<string, Command> = {
  start: { summary: 'run the server', run: () => runServer(loadSettings()) },
  'reset-password': {
    argument: 'EMAIL',
    flag: '--make-admin',
    summary: 'give an account a new password, shown once',
    run: resetPasswordOf,
  },
  verify: { summary: 'hold everything against the ledger; exit 1 where something differs', run: verifyAll },
  rebuild: { summary: 'put right what verify finds, from the ledger', run: rebuildAll },
  backup: { argument: 'FILE', summary: 'write the whole installation into one new file', run: backUpTo },
  restore: {
    argument: 'FILE',
    flag: '--other-secret-key',
    summary: 'make an empty installation what the backup was',
    run: restoreFrom,
  },
}

const USAGE = `Tangga ${version}

${Object.entries(commands).map(usageOf).join('\n')}

All but start work beside a running server or without one. Settings come from the environment; see the README.`

function usageOf([name, { argument, flag, summary }]: [string, Command]): string {
  const call = ['tangga', name, argument, flag && `[${flag}]`].filter(Boolean).join(' ')
  return `  ${call.padEnd(44)}  ${summary}`
}

/** run carries out one command of the command line. */
async function run(args: string[]): Promise<void> {
  const { positionals, values } = readArguments(args)
  const [name, ...rest] = positionals
  if (values.help || name === undefined) return say(USAGE)
  if (values.version) return say(version)
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (!command || rest.length !== (command.argument ? 1 : 0)) throw new StartupRefusal(USAGE)
  const isWell = await command.run({ argument: rest[0] ?? '', flags: values })
  if (isWell === false) process.exit(1)
}

function readArguments(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        'make-admin': { type: 'boolean', default: false },
        'other-secret-key': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
        version: { type: 'boolean', short: 'v', default: false },
      },
    })
  } catch {
    throw new StartupRefusal(USAGE)
  }
}

type Place = Pick<OpenedStore, 'connection' | 'dataDir'> & { secretKey: string | undefined }

/** withStore lends the database of this installation, which is started for as long as the work takes where it is not running. */
async function withStore<T>(work: (place: Place) => Promise<T>): Promise<T> {
  const { databaseUrl, dataDir, secretKey } = loadSettings()
  const log = createLog({ level: 'warn' })
  const store = await openStore({ databaseUrl, dataDir, projectRoot, exclusive: false, log })
  try {
    return await work({ connection: store.connection, dataDir: store.dataDir, secretKey })
  } finally {
    await store.close()
  }
}

function resetPasswordOf({ argument: email, flags }: Call): Promise<void> {
  return withStore(async ({ connection }) => {
    await migrate(connection)
    const { pool, db } = openPool(connection, () => {})
    try {
      const reset = await resetPassword({ db, email, makeAdmin: flags['make-admin'] })
      if (!reset) throw new StartupRefusal(`There is no account with the e-mail ${email}.`)
      say(`New password of ${reset.email} (${reset.role}): ${reset.password}`)
      if (reset.disabled) say('The account is disabled and cannot sign in until an admin enables it.')
      if (reset.admins === 0) say('No admin is left. Run this again with --make-admin to make this account one.')
    } finally {
      await pool.end()
    }
  })
}

function verifyAll(): Promise<boolean> {
  return withStore(async ({ connection }) => {
    await migrate(connection)
    const { businesses, count, lines, isReevaluationDue } = await verify({ connection })
    for (const line of lines) say(line)
    if (isReevaluationDue) say('Levels or achievements were edited, and not everyone has been judged by them yet.')
    say(`${plural(count, 'difference')} in ${plural(businesses, 'business', 'businesses')}`)
    return count === 0
  })
}

function rebuildAll(): Promise<boolean> {
  return withStore(async ({ connection }) => {
    await migrate(connection)
    const { businesses, repaired, changes, left } = await rebuild({ connection })
    for (const line of changes.lines) say(`repaired ${line}`)
    for (const line of left.lines) say(`left as it is ${line}`)
    say(`${plural(repaired, 'business', 'businesses')} repaired of ${whole(businesses)}`)
    if (left.count > 0) say('In what was left, the ledger itself cannot be right: look at it, or restore a backup.')
    return left.count === 0
  })
}

function backUpTo({ argument: file }: Call): Promise<void> {
  return withStore(async (place) => {
    const { tables, rows, bytes, holdsSecretKey } = await backup({ ...place, file })
    say(`${plural(rows, 'row')} of ${plural(tables, 'table')} in ${file}, ${whole(bytes / 1024)} KB`)
    say(
      holdsSecretKey
        ? 'The file holds personal data and the generated secret key: keep it as safe as the installation itself.'
        : 'The file holds personal data, but not your SECRET_KEY: keep that too.',
    )
  })
}

function restoreFrom({ argument: file, flags }: Call): Promise<void> {
  return withStore(async (place) => {
    const acceptOtherSecretKey = flags['other-secret-key']
    const { header, tables, rows, keptSecretKey } = await restore({ ...place, file, acceptOtherSecretKey })
    say(`${plural(rows, 'row')} of ${plural(tables, 'table')} restored, as of ${header.created_at}`)
    if (keptSecretKey) say('The secret key of the backup is now that of this installation.')
  })
}

const whole = (count: number) => Math.round(count).toLocaleString('en')
const plural = (count: number, one: string, many = `${one}s`) => `${whole(count)} ${count === 1 ? one : many}`

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

await exitOnRefusal(() => run(process.argv.slice(2)))

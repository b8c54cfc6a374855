import { readFile, stat } from 'node:fs/promises'
import { StartupRefusal } from '../../startup-refusal.ts'

/** Account is a system account that the database runs as and whose folder it lives in. */
export type Account = { name: string; uid: number; gid: number }

/**
 * databaseAccount answers with the account the database must run as, or undefined when that is simply the account of
 * this process. PostgreSQL refuses to run as root, and initdb fails for a uid without a passwd entry, so root gives the
 * database to the account that owns its folder already, else to the first of `names` that exists.
 */
export async function databaseAccount(options: {
  databaseFolder: string
  names?: string[]
}): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const accounts = parsePasswd(await readFile('/etc/passwd', 'utf8')).filter((account) => account.uid !== 0)
  const owner = await ownerOf(options.databaseFolder)
  const names = options.names ?? ['postgres', 'nobody']
  const chosen = [
    accounts.find((account) => account.uid === owner),
    ...names.map((name) => accounts.find((account) => account.name === name)),
  ].find((account) => account !== undefined)
  if (chosen) return chosen
  throw new StartupRefusal(
    `PostgreSQL does not run as root and this machine has no account named ${names.join(' or ')}: ` +
      'add one (useradd --system postgres), start Tangga as another user, or set DATABASE_URL.',
  )
}

/** parsePasswd reads the lines of /etc/passwd that carry a name, a uid and a gid; other lines are left out. */
export function parsePasswd(text: string): Account[] {
  return text.split('\n').flatMap((line) => {
    const [name, , uid, gid] = line.split(':')
    return name && uid && gid && /^-?\d+$/.test(uid) && /^-?\d+$/.test(gid)
      ? [{ name, uid: Number(uid), gid: Number(gid) }]
      : []
  })
}

/** runningAs gives spawn's identity options for an account. Node clears the supplementary groups of root along with it. */
export function runningAs(account: Account | undefined): { uid?: number; gid?: number } {
  return account ? { uid: account.uid, gid: account.gid } : {}
}

async function ownerOf(folder: string): Promise<number | undefined> {
  const found = await stat(folder).catch(() => undefined)
  return found?.uid
}

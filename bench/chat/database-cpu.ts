import { readFile } from 'node:fs/promises'
import pg from 'pg'

// What the kernel counts CPU time in (USER_HZ), on every Linux of today.
const TICK_MS = 10

/**
 * databaseCpuMs is the CPU time that all processes of the database server that live now have used, in milliseconds; null
 * where the machine does not tell (it has no /proc).
 */
export async function databaseCpuMs(databaseUrl: string): Promise<number | null> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const { rows } = await client.query<{ pid: number }>(
      'SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()',
    )
    const times = await Promise.all(rows.map(({ pid }) => cpuMs(pid)))
    return times.reduce<number | null>((sum, ms) => (sum === null || ms === null ? null : sum + ms), 0)
  } finally {
    await client.end()
  }
}

async function cpuMs(pid: number): Promise<number | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    // After the name, which may hold anything, utime and stime are the 12th and 13th field.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS
  } catch {
    return null
  }
}

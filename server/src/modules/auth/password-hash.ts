import { availableParallelism } from 'node:os'
import { hash, verify } from '@node-rs/argon2'
import { createWorkQueue } from './work-queue.ts'

// OWASP's first choice for argon2id (the library's default algorithm): 19 MiB, 2 passes, 1 lane; about 12 ms.
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

// Hashing runs on libuv's four threads. One stays free for files and name look-ups, and 19 MiB each stay few.
const RUNNING = Math.min(3, availableParallelism())
const WAITING = 200

/** PasswordHasher turns passwords into what may be stored, and compares. */
export type PasswordHasher = {
  hash(password: string): Promise<string>
  /** verify compares with a stored hash; with none, it takes as long and answers false. */
  verify(password: string, storedHash: string | undefined): Promise<boolean>
}

/**
 * createPasswordHasher makes the hasher. Passwords are normalised to NFKC before hashing, as NIST SP 800-63B advises, so
 * that "é" typed on two keyboards is one password. Above a bounded queue it refuses with 503: a flood of logins costs
 * time, not memory.
 */
export function createPasswordHasher(): PasswordHasher {
  const queue = createWorkQueue({ running: RUNNING, waiting: WAITING })
  const bytes = (password: string) => Buffer.from(password.normalize('NFKC'), 'utf8')
  // What the password of an unknown account is compared with; made once, with the cost of every other.
  let nobody: Promise<string> | undefined
  return {
    hash: (password) => queue(() => hash(bytes(password), COST)),
    async verify(password, storedHash) {
      nobody ??= hash(bytes('nobody has this password'), COST)
      const dummy = await nobody
      const matches = await queue(() => verify(storedHash ?? dummy, bytes(password)))
      return matches && storedHash !== undefined
    },
  }
}

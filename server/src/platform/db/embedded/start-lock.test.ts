import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import { withStartLock } from './start-lock.ts'

let root: string
before(async () => (root = await mkdtemp(join(tmpdir(), 'tangga-lock-'))))
after(() => rm(root, { recursive: true }))

it('one at a time holds the lock, and a failure inside gives it back', async () => {
  const path = join(root, 'one')
  let inside = 0
  const work = async () => {
    inside += 1
    assert.equal(inside, 1)
    await new Promise(setImmediate)
    inside -= 1
  }
  await assert.rejects(
    withStartLock({ path }, () => Promise.reject(new Error('no'))),
    /no/,
  )
  await Promise.all([1, 2, 3, 4].map(() => withStartLock({ path }, work)))
})

it('who waits too long is refused, and the lock of a killed process is free at once', async () => {
  const path = join(root, 'two')
  const module = import.meta.resolve('./start-lock.ts')
  const program = `
    const { withStartLock } = await import(${JSON.stringify(module)})
    await withStartLock({ path: ${JSON.stringify(path)} }, () => {
      process.stdout.write('held')
      return new Promise((resolve) => setTimeout(resolve, 60_000))
    })`
  const holder = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(holder.stdout, 'data')
  await assert.rejects(
    withStartLock({ path, waitMs: 50 }, () => Promise.resolve()),
    /Another process is starting/,
  )
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  assert.equal(await withStartLock({ path, waitMs: 1_000 }, () => Promise.resolve('mine')), 'mine')
})

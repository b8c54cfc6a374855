import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { it } from 'node:test'
import { isAlive, isPostmasterOf } from './process-state.ts'
import { eventually } from './testing/temporary-place.ts'

it('a running process is alive and one that was reaped is not', async () => {
  assert.equal(await isAlive(process.pid), true)
  const child = spawn('true')
  await once(child, 'exit')
  assert.equal(await isAlive(child.pid ?? 0), false)
})

it('a zombie counts as dead', async () => {
  // The shell turns into a sleep, which never collects the child that the shell has started. A child that died before
  // that would be collected by the shell.
  const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] })
  const [chunk]: Buffer[] = await once(parent.stdout, 'data')
  const zombie = Number(chunk)
  const command = () => execFileSync('ps', ['-o', 'args=', '-p', String(parent.pid)], { encoding: 'utf8' })
  await eventually(async () => command().startsWith('sleep'))
  process.kill(zombie, 'SIGKILL')
  await eventually(async () => !(await isAlive(zombie)))
  assert.equal(process.kill(zombie, 0), true, 'its number is still taken')
  parent.kill()
})

it('a stranger is not the server of a folder', async () => {
  assert.equal(await isPostmasterOf(process.pid, '/var/lib/tangga/database'), false)
})

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { projectRoot } from '../src/project-root.ts'
import { startGame } from './game.ts'
import { newIntegrator } from './integrator.ts'

test('the follower of the integrating guide prints what a business earns, also through an end of its feed', async () => {
  const guide = await readFile(join(projectRoot, 'docs/guides/integrating.md'), 'utf8')
  const [, section = ''] = guide.split('## The live feed')
  const [, program] = /^```js\n(.*?)^```$/ms.exec(section) ?? []
  assert.ok(program)
  const game = await startGame({ seeded: true })
  const till = await newIntegrator(game)
  const { business } = await game.owner()
  await till.link('shop 17', business.id)
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    env: { PATH: process.env['PATH'], API: `${game.url}/api/v1`, KEY: till.key, BUSINESS: 'shop 17' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const totals: number[] = []
  const lines = createInterface({ input: child.stdout })
  lines.on('line', (line) => {
    const [, data] = /^points (.*)$/.exec(line) ?? []
    if (data !== undefined) totals.push(JSON.parse(data).total_points)
  })

  // A feed begins with what happens from the moment when it is open.
  let total = 0
  const earn = async () => {
    total = (await till.post({ type: 'course_completed', external_id: 'shop 17' })).json.total_points
  }
  while (totals.length === 0) await earn()
  game.app.gamification.service.endFeedsOf(`key:${till.id}`)
  for (let more = 0; more < 5; more++) await earn()
  while (totals.at(-1) !== total) await once(lines, 'line')
  assert.deepEqual(
    totals,
    totals.map((_, nth) => (totals[0] ?? 0) + 50 * nth),
  )
  const ended = once(child, 'exit')
  child.kill()
  await ended
  await game.close()
})

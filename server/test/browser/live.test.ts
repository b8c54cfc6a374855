import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startGame } from '../game.ts'
import { browserSite } from './browser-site.ts'
import { desk, openContext, show, watchForTrouble } from './chromium-browser.ts'
import { logIn } from './sign-in.ts'

const site = browserSite(async () => {
  const game = await startGame({ env: { STREAMS_PER_OWNER: '2' } })
  await game.level(0, 'Seed')
  await game.level(40, 'Sprout')
  await game.achievement(60, 'Sixty')
  return game
})

test('what is earned elsewhere appears on the page as it happens, and is caught up with after the tab was hidden', async () => {
  const { browser, server: game } = site
  const owner = await game.owner()
  const context = await openContext(browser, desk)
  const page = await context.newPage()
  const trouble = watchForTrouble(page)
  const opened: string[] = []
  page.on('request', (request) => {
    if (request.url().includes('/gamification/stream')) opened.push(request.headers()['last-event-id'] ?? 'from now on')
  })
  const opens = () => page.waitForResponse((response) => response.url().includes('/gamification/stream'))
  const total = (points: number) =>
    page.getByTestId('total-points').getByText(String(points), { exact: true }).waitFor()

  const first = opens()
  await logIn(page, game.url, owner.email)
  await first
  await game.adjust(owner.business.id, 50)
  await page.getByText('+50 points!').waitFor()
  await page.getByText('New level: Sprout').waitFor()
  await total(50)

  await page.evaluate(show('hidden'))
  await game.adjust(owner.business.id, 25)
  assert.equal(opened.length, 1)
  const again = opens()
  await page.evaluate(show('visible'))
  await again
  await page.getByText('Unlocked: Sixty').waitFor()
  await total(75)
  assert.equal(opened.length, 2)
  assert.notEqual(opened[1], 'from now on')

  // A tab holds one place of an owner, and gives it up when it is closed or moves on.
  for (let round = 0; round < 3; round++) {
    const reopened = opens()
    await page.reload()
    assert.equal((await reopened).status(), 200)
  }
  await game.adjust(owner.business.id, -5)
  await page.getByText('-5 points').waitFor()
  await total(70)
  assert.deepEqual(trouble, [])
  await context.close()
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { says } from '../model-server.ts'
import { askAdvisor } from './ask-advisor.ts'
import { browserSite, startServerWithModel } from './browser-site.ts'
import { desk, phone } from './chromium-browser.ts'

const site = browserSite(startServerWithModel)

/** afterAQuestion opens the advisor on a device of a new owner, who has asked one thing. */
async function afterAQuestion(device: BrowserContextOptions) {
  const { email } = await site.server.owner()
  const visit = await site.visit(device, email)
  await visit.page.goto(`${site.server.url}/chat`)
  site.server.model.enqueue(says('Sell more soup.'))
  await askAdvisor(visit.page, 'What now?')
  await visit.page.getByTestId('answer').getByText('Sell more soup.').waitFor()
  return visit
}

const focused = (page: Page) => page.evaluate<string>('document.activeElement?.getAttribute("aria-label") ?? ""')

test('with a mouse, what can be done with a conversation shows where it is pointed at, and a dialog gives the focus back', async () => {
  const { page, leave } = await afterAQuestion(desk)
  const rename = page.getByRole('button', { name: /^Rename: / })
  await page.getByRole('link', { name: 'What now?' }).hover()
  await rename.click()
  await page.getByRole('dialog').getByLabel('Title').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  assert.match(await focused(page), /^Rename: /)

  await rename.click()
  await page.getByRole('dialog').getByLabel('Title').fill('Soup')
  await page.keyboard.press('Enter')
  await page.getByRole('link', { name: 'Soup' }).hover()
  await page.getByRole('button', { name: 'Pin: Soup' }).click()
  await page.getByText('The conversation is pinned.').waitFor()
  await page.getByRole('heading', { name: 'Pinned' }).waitFor()
  await leave()
})

test('on a touch screen it opens from one button, which has the focus again after each of its dialogs', async () => {
  const { page, leave } = await afterAQuestion(phone)
  await page.getByRole('button', { name: 'Conversations' }).click()
  const actions = page.getByRole('button', { name: /^Actions for / })
  await actions.click()
  await page.getByRole('button', { name: 'Rename', exact: true }).waitFor()
  await page.keyboard.press('Escape')
  assert.match(await focused(page), /^Actions for /)

  await actions.click()
  await page.getByRole('button', { name: 'Rename', exact: true }).click()
  await page.getByLabel('Title').waitFor()
  await page.keyboard.press('Escape')
  await page.getByLabel('Title').waitFor({ state: 'detached' })
  assert.match(await focused(page), /^Actions for /)
  await leave()
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestServer } from '../harness.ts'
import { browserSite } from './browser-site.ts'
import { assertPleasant, desk, phone } from './chromium-browser.ts'

const site = browserSite(startTestServer)

for (const [name, device] of [
  ['phone', phone],
  ['desk', desk],
] as const)
  test(`what the advisor remembers is listed, added, changed and deleted on a ${name}`, async () => {
    const { server, visit } = site
    const { user, business } = await server.owner({ email: `sari-${name}@example.org` })
    const owner = { userId: user.id, businessId: business.id }
    await server.app.agent.facts.remember(owner, 'We close on Mondays')
    const { page, leave } = await visit(device, user.email)
    await page.getByRole('link', { name: 'Advisor' }).click()
    const conversations = page.getByRole('button', { name: 'Conversations' })
    if (name === 'phone') await conversations.click()
    await page.getByRole('link', { name: 'What the advisor remembers' }).click()
    await page.getByRole('heading', { name: 'What the advisor remembers' }).waitFor()
    const facts = page.getByTestId('facts')
    await facts.getByText('We close on Mondays').waitFor()
    await facts.getByText('noted by the advisor').waitFor()

    await page.getByRole('button', { name: 'Add a note' }).click()
    await page.getByLabel('What should the advisor remember?').fill('I prefer short answers <b>in the morning</b>')
    await page.getByRole('radio', { name: 'You' }).check()
    await assertPleasant(page, 'a new note')
    await page.getByRole('button', { name: 'Save' }).click()
    await facts.getByText('I prefer short answers <b>in the morning</b>').waitFor()
    await facts.getByText('written by you').waitFor()
    await assertPleasant(page, 'what the advisor remembers')

    await page.getByRole('button', { name: /^Edit: I prefer/ }).click()
    await page.getByLabel('What should the advisor remember?').fill('we close on mondays!')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('alert').getByText('says the same already').waitFor()
    await page.getByLabel('What should the advisor remember?').fill('I prefer long answers')
    await page.getByRole('button', { name: 'Save' }).click()
    await facts.getByText('I prefer long answers').waitFor()

    for (const content of ['I prefer long answers', 'We close on Mondays']) {
      await page.getByRole('button', { name: `Delete: ${content}` }).click()
      await page.getByRole('dialog').getByText(content).waitFor()
      await page.getByRole('button', { name: 'Delete', exact: true }).click()
      await facts.getByText(content).waitFor({ state: 'detached' })
    }
    await page.getByText('Nothing yet.').waitFor()
    await assertPleasant(page, 'nothing remembered')
    assert.deepEqual(await server.app.agent.facts.list(business.id), [])
    await leave()
  })

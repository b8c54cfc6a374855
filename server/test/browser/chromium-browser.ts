import { AxeBuilder } from '@axe-core/playwright'
import assert from 'node:assert/strict'
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core'
import { findChromium } from '../../../scripts/chromium.ts'

/** lanHost leads to this machine as an address in a shop's own network does: plain http, and so no secure context. */
export const lanHost = 'tangga.lan'

/** openBrowser starts the Chromium of this machine, without a window and without calls of its own to the network. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = findChromium(process.env.CHROMIUM_PATH)
  if (!executablePath) throw new Error('no Chromium was found: install it, or set CHROMIUM_PATH to one')
  return chromium.launch({
    executablePath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      `--host-resolver-rules=MAP ${lanHost} 127.0.0.1`,
    ],
  })
}

/** phone is a small phone in Jakarta, set to English. */
export const phone: BrowserContextOptions = {
  viewport: { width: 360, height: 740 },
  hasTouch: true,
  locale: 'en-US',
  timezoneId: 'Asia/Jakarta',
}

/** desk is a laptop in Jakarta, set to English. */
export const desk: BrowserContextOptions = {
  viewport: { width: 1280, height: 800 },
  locale: 'en-US',
  timezoneId: 'Asia/Jakarta',
}

/** openContext opens a device of its own: what it waits for must come within twenty seconds. */
export async function openContext(browser: Browser, device: BrowserContextOptions): Promise<BrowserContext> {
  const context = await browser.newContext(device)
  context.setDefaultTimeout(20_000)
  return context
}

/** show tells a page, evaluated in it, that it is hidden or shown again, as when somebody turns to another tab. */
export const show = (state: 'visible' | 'hidden'): string =>
  `Object.defineProperty(document, 'visibilityState', { value: '${state}', configurable: true });
   document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))`

/** watchForTrouble collects what a page must never have: exceptions, and things that the content policy forbade. */
export function watchForTrouble(page: Page): string[] {
  const trouble: string[] = []
  page.on('pageerror', (error) => trouble.push(`${page.url()}: ${error.message}`))
  page.on('console', (message) => {
    if (/Content[- ]Security[- ]Policy/i.test(message.text())) trouble.push(`${page.url()}: ${message.text()}`)
  })
  return trouble
}

/** assertPleasant checks what holds for every page: nothing to scroll sideways, and no serious barrier for anybody. */
export async function assertPleasant(page: Page, name: string): Promise<void> {
  const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
  assert.equal(overflow, 0, `${name} scrolls sideways`)
  // What fades in is paler than it will be; colours are judged at rest.
  await page.evaluate('Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => {})))')
  const { violations } = await new AxeBuilder({ page }).analyze()
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  assert.deepEqual(
    serious.map(({ id, nodes }) => ({ id, where: nodes.map(({ html }) => html.slice(0, 200)) })),
    [],
    name,
  )
}

import assert from 'node:assert/strict'
import type { Browser } from 'playwright-core'
import { assertPleasant, openContext, phone } from './chromium-browser.ts'
import { logIn } from './sign-in.ts'

/** lookInTheDark goes through an owner's pages on a dark device, and then switches them to light. */
export async function lookInTheDark(browser: Browser, base: string, email: string): Promise<void> {
  const darkContext = await openContext(browser, { ...phone, colorScheme: 'dark' })
  const dark = await darkContext.newPage()
  const background = () => dark.evaluate('getComputedStyle(document.documentElement).backgroundColor')
  await logIn(dark, base, email)
  await dark.getByTestId('total-points').waitFor()
  await dark.getByText('3 of 9 unlocked').waitFor()
  assert.equal(await background(), 'rgb(22, 20, 18)')
  await assertPleasant(dark, 'progress in the dark')
  for (const [path, heading] of [
    ['/chat', 'Advisor'],
    ['/business', 'Your business'],
    ['/account', 'Account'],
  ]) {
    await dark.goto(`${base}${path}`)
    await dark.getByRole('heading', { name: heading, exact: true }).waitFor()
    await assertPleasant(dark, `${path} in the dark`)
  }
  await dark.getByLabel('Appearance').selectOption('light')
  assert.equal(await background(), 'rgb(248, 245, 239)')
  await dark.reload()
  await dark.getByRole('heading', { name: 'Account', exact: true }).waitFor()
  assert.equal(await background(), 'rgb(248, 245, 239)')
  await darkContext.close()
}

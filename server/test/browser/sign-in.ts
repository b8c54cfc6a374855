import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { testPassword } from '../harness.ts'

/** logIn signs in with the password of the tests. */
export async function logIn(page: Page, base: string, email: string): Promise<void> {
  await page.goto(`${base}/login`)
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password', { exact: true }).fill(testPassword)
  await page.getByRole('button', { name: 'Log in' }).click()
}

/** logInByKeyboard signs in without a mouse, then goes past the navigation into a window and out of it again. */
export async function logInByKeyboard(page: Page, base: string, email: string): Promise<void> {
  await page.goto(`${base}/login`)
  await page.getByRole('heading', { name: 'Welcome back' }).waitFor()
  const focusedName = () => page.evaluate('document.activeElement?.getAttribute("name")')
  for (let presses = 0; (await focusedName()) !== 'email'; presses++) {
    assert.ok(presses < 10, 'the e-mail field is not reached by Tab')
    await page.keyboard.press('Tab')
  }
  await page.keyboard.type(email)
  await page.keyboard.press('Tab')
  assert.equal(await focusedName(), 'password')
  await page.keyboard.type(testPassword)
  await page.keyboard.press('Enter')
  await page.getByTestId('total-points').waitFor()

  // The first Tab leads past the navigation.
  await page.reload()
  await page.getByTestId('total-points').waitFor()
  await page.keyboard.press('Tab')
  await page.getByRole('link', { name: 'Skip to the content' }).press('Enter')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').getByRole('heading', { name: 'Record an activity' }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
}

/** reloadAtOnce reloads two tabs together several times; each load needs a token, and the cookie that brings it works once. */
export async function reloadAtOnce(...tabs: Page[]): Promise<void> {
  for (let round = 0; round < 5; round++) {
    await Promise.all(tabs.map((tab) => tab.reload()))
    await Promise.all(tabs.map((tab) => tab.getByTestId('total-points').waitFor()))
  }
}

import type { Page } from 'playwright-core'

/** askAdvisor writes a message and sends it with Enter; `composer` is the name of its field in the page's language. */
export async function askAdvisor(page: Page, text: string, composer = 'Message to the advisor'): Promise<void> {
  const box = page.getByRole('textbox', { name: composer })
  await box.fill(text)
  await box.press('Enter')
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { says } from '../model-server.ts'
import { askAdvisor } from './ask-advisor.ts'
import { browserSite, startServerWithModel } from './browser-site.ts'
import { assertPleasant, desk, phone, show, watchForTrouble } from './chromium-browser.ts'

const site = browserSite(startServerWithModel)

for (const [name, device] of [
  ['phone', phone],
  ['desk', desk],
] as const)
  test(`an answer is made again, a message changed, and each version comes back, on a ${name}`, async () => {
    const { server, visit } = site
    const { model } = server
    const { user } = await server.owner({ email: `sari-${name}@example.org` })
    const { context, page, leave } = await visit(device, user.email)
    const answer = page.getByTestId('answer')
    const send = page.getByRole('button', { name: 'Send' })
    const again = page.getByRole('button', { name: 'Answer again' })
    const change = page.getByRole('button', { name: 'Change this message' })
    const versions = page.getByTestId('versions')
    const focused = () => page.evaluate('document.activeElement?.getAttribute("aria-label")')

    await page.goto(`${server.url}/chat`)
    model.enqueue(says('The first answer.'))
    await askAdvisor(page, 'What now?')
    await answer.getByText('The first answer.').waitFor()
    await again.waitFor()
    assert.equal(await versions.count(), 0, 'there is one version')

    // A second tab that comes in the middle sees the same answer grow.
    const rest = Promise.withResolvers<void>()
    model.enqueue({
      steps: [{ text: 'The second ' }, { until: rest.promise }, { text: 'answer.' }, { finish: 'stop' }],
    })
    await again.press('Enter')
    await answer.getByText('The second').waitFor()
    assert.equal(await answer.count(), 1, 'the earlier answer makes room')
    assert.equal((await again.count()) + (await change.count()) + (await versions.count()), 0, 'not while it runs')
    if (name === 'desk') assert.equal(await focused(), 'Message to the advisor')
    const second = await context.newPage()
    await second.goto(page.url())
    await second.getByTestId('answer').getByText('The second').waitFor()
    rest.resolve()
    for (const tab of [page, second]) {
      await tab.getByTestId('answer').getByText('The second answer.').waitFor()
      await tab.getByTestId('versions').getByText('Version 2 of 2').waitFor()
      assert.equal(await tab.locator('ol').getByText('What now?').count(), 1)
    }
    await second.close()
    await assertPleasant(page, 'versions of an answer')

    // Going back keeps the focus, and is what the conversation goes on from.
    await page.getByRole('button', { name: 'Earlier version' }).press('Enter')
    await answer.getByText('The first answer.').waitFor()
    await versions.getByText('Version 1 of 2').waitFor()
    assert.equal(await focused(), 'Earlier version')
    assert.equal(await page.getByRole('button', { name: 'Earlier version' }).getAttribute('aria-disabled'), 'true')
    const asked = model.requests.length
    model.enqueue(says('More it is.'))
    await askAdvisor(page, 'Tell me more')
    await answer.getByText('More it is.').waitFor()
    const told = JSON.stringify((await model.request(asked)).body.messages)
    assert.ok(told.includes('The first answer.') && !told.includes('The second answer.'))

    // A changed message takes the place of all that followed; Escape leaves it as it was.
    await again.waitFor()
    await change.first().click()
    const edited = page.getByRole('textbox', { name: 'Your message, put another way' })
    await assertPleasant(page, 'changing a message')
    await edited.press('Escape')
    assert.equal(await focused(), 'Change this message')
    await change.first().press('Enter')
    await edited.fill('What next?')
    model.enqueue(says('Next is this.'))
    await edited.press('Enter')
    await answer.getByText('Next is this.').waitFor()
    await versions.getByText('Version 2 of 2').waitFor()
    assert.equal(await page.locator('ol').getByText('What now?').count(), 0)
    assert.equal(await answer.count(), 1)

    // Put back as it was, it is answered anew, too.
    await change.first().press('Enter')
    await edited.fill('What now?')
    model.enqueue(says('Now it is otherwise.'))
    await edited.press('Enter')
    await answer.getByText('Now it is otherwise.').waitFor()
    await versions.getByText('Version 3 of 3').waitFor()
    for (const number of [2, 1]) {
      await page.getByRole('button', { name: 'Earlier version' }).click()
      await versions.first().getByText(`Version ${number} of 3`).waitFor()
    }
    await answer.getByText('More it is.').waitFor()
    assert.equal(await page.locator('ol').getByText('What now?').count(), 1)
    assert.equal(await answer.count(), 2)

    // What is made again can be stopped, and a failure leaves the question standing once.
    const never = Promise.withResolvers<void>()
    model.enqueue({ steps: [{ text: 'A long story' }, { until: never.promise }] })
    await again.click()
    await answer.getByText('A long story').waitFor()
    await page.getByRole('button', { name: 'Stop' }).click()
    await answer.getByText('Stopped').waitFor()
    await send.waitFor()
    never.resolve()
    model.enqueue({ status: 400 })
    await again.click()
    await page.getByRole('alert').waitFor()
    model.enqueue(says('At last.'))
    await page.getByRole('button', { name: 'Ask again' }).click()
    await answer.getByText('At last.').waitFor()
    assert.equal(await page.locator('ol').getByText('Tell me more').count(), 1)

    await leave()
  })

test('two tabs of a conversation agree while both are in sight, and a hidden one reads again once it is looked at', async () => {
  const { server, visit } = site
  const { model } = server
  const { email } = await server.owner()
  const { context, page: first, leave } = await visit(desk, email)
  const second = await context.newPage()
  const trouble = watchForTrouble(second)
  const asked: string[] = []
  second.on('request', (request) => asked.push(request.url()))
  const inQuiet = async () => {
    for (let count = -1; count !== asked.length; await pause(1_000)) count = asked.length
  }
  const inBoth = (text: string) =>
    Promise.all([first, second].map((tab) => tab.getByTestId('answer').getByText(text, { exact: true }).waitFor()))
  await first.goto(`${server.url}/chat`)
  model.enqueue(says('Welcome.'))
  await askAdvisor(first, 'Hi')
  await first.getByTestId('answer').getByText('Welcome.').waitFor()
  await second.goto(first.url())
  await second.getByTestId('answer').getByText('Welcome.').waitFor()

  // A question appears in the other tab, with its answer as it grows.
  const rest = Promise.withResolvers<void>()
  model.enqueue({ steps: [{ text: 'So ' }, { until: rest.promise }, { text: 'it is.' }, { finish: 'stop' }] })
  await askAdvisor(first, 'Is it so?')
  await second.getByText('Is it so?').waitFor()
  await inBoth('So')
  rest.resolve()
  await inBoth('So it is.')

  // So does another version, made or shown.
  model.enqueue(says('Perhaps.'))
  await first.getByRole('button', { name: 'Answer again' }).press('Enter')
  await inBoth('Perhaps.')
  await first.getByText('Version 2 of 2').waitFor()
  await first.getByRole('button', { name: 'Earlier version' }).press('Enter')
  await inBoth('So it is.')
  await second.getByText('Version 1 of 2').waitFor()

  // A hidden tab costs nothing until it is looked at. What the last change has it read may still be on its way.
  await inQuiet()
  asked.length = 0
  await second.evaluate(show('hidden'))
  await first.getByRole('button', { name: 'Later version' }).press('Enter')
  await first.getByTestId('answer').getByText('Perhaps.').waitFor()
  await first.getByText('Version 2 of 2').waitFor()
  assert.deepEqual(asked, [])
  await second.evaluate(show('visible'))
  await second.getByTestId('answer').getByText('Perhaps.').waitFor()
  assert.deepEqual(trouble, [])
  await leave()
})

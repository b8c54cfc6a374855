import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testPassword } from '../harness.ts'
import { calls, says } from '../model-server.ts'
import { browserSite, startServerWithModel } from './browser-site.ts'
import { askAdvisor } from './ask-advisor.ts'
import { assertPleasant, desk, lanHost, openContext, phone, watchForTrouble } from './chromium-browser.ts'
import { lookInTheDark } from './dark-pages.ts'
import { logIn, logInByKeyboard, reloadAtOnce } from './sign-in.ts'

const owner = { name: 'Sari Dewi', email: 'sari@example.org' }

const site = browserSite(startServerWithModel)

/** A promise that a test settles when it wants the model to go on. */
const gate = () => Promise.withResolvers<void>()

test(
  'a stranger signs up, climbs, asks the advisor, and an admin runs the programme',
  { timeout: 240_000 },
  async (t) => {
    const { browser, server } = site
    const { model } = server
    // Each step stands on the one before, so the first that fails ends the journey.
    const step = async (name: string, work: () => Promise<void> | void) => {
      let passed = false
      await t.test(name, async () => {
        await work()
        passed = true
      })
      assert.ok(passed, `the journey ended at: ${name}`)
    }

    const context = await openContext(browser, phone)
    const page = await context.newPage()
    const trouble = watchForTrouble(page)
    const answer = page.getByTestId('answer')
    // Does something with the only conversation that is listed.
    const act = async (action: string) => {
      await page.getByRole('button', { name: /^Actions for / }).click()
      await page.getByRole('button', { name: action, exact: true }).click()
    }

    await step('signing up leads to describing the business, which knows where the phone is', async () => {
      await page.goto(server.url)
      await page.getByRole('heading', { name: 'Welcome back' }).waitFor()
      await assertPleasant(page, 'log in')
      await page.getByRole('link', { name: 'Create an account' }).click()
      await page.getByLabel('Your name').fill(owner.name)
      await page.getByLabel('E-mail').fill(owner.email)
      await page.getByLabel('Password', { exact: true }).fill(testPassword)
      await assertPleasant(page, 'sign up')
      await page.getByRole('button', { name: 'Create an account' }).click()

      await page.getByRole('heading', { name: 'Tell us about your business' }).waitFor()
      await assertPleasant(page, 'describe the business')
      assert.equal(await page.getByLabel('Time zone').inputValue(), 'Asia/Jakarta')
      assert.equal(await page.getByLabel('Currency').inputValue(), 'IDR')
      await page.getByLabel('Name of the business').fill('Warung Sari')
      await page.getByLabel('What kind of business is it?').fill('Food & Beverage')
      await page.getByLabel('How far along is it?').fill('Operational')
      await page.getByText('Address').click()
      await page.getByLabel('City').fill('Bandung')
      await page.getByRole('button', { name: 'Save and start climbing' }).click()
      await page.getByRole('heading', { name: 'Progress of Warung Sari' }).waitFor()
      assert.equal(await page.getByTestId('total-points').innerText(), '0')
    })

    await step('recording an activity brings points and the first achievement', async () => {
      await page.getByRole('button', { name: 'Record an activity' }).click()
      await page.getByRole('radio', { name: /Wrote down the sales/ }).check()
      await assertPleasant(page, 'record an activity')
      await page.getByRole('button', { name: 'Record it' }).click()
      const celebration = page.getByRole('status')
      await celebration.getByText('+10 points!').waitFor()
      await celebration.getByText('Unlocked: First step').waitFor()
      await page.getByTestId('total-points').getByText('10').waitFor()
      await page.getByTestId('recent-points').getByText('Wrote down the sales').waitFor()
      await page.getByText('1 of 8 unlocked').waitFor()
      await assertPleasant(page, 'progress')
    })

    let resetLink = ''
    const adminContext = await openContext(browser, desk)
    const admin = await adminContext.newPage()
    const adminTrouble = watchForTrouble(admin)

    await step('an admin adds a level, an achievement and a rule', async () => {
      await logIn(admin, server.url, 'admin@example.org')
      await admin.getByRole('heading', { name: 'Levels' }).waitFor()
      await assertPleasant(admin, 'admin levels')
      await admin.getByRole('button', { name: 'Add a level' }).click()
      await admin.getByLabel('Name').fill('Open stall')
      await admin.getByLabel('Points needed').fill('30')
      await admin.getByRole('button', { name: 'Save' }).click()
      await admin.getByRole('cell', { name: 'Open stall', exact: true }).waitFor()

      await admin.getByRole('link', { name: 'Achievements' }).click()
      await admin.getByRole('button', { name: 'Add an achievement' }).click()
      await admin.getByLabel('Title').fill('Lights on')
      await admin.getByLabel('Description').fill('The stall is open.')
      await admin.getByLabel('Points needed').fill('35')
      await assertPleasant(admin, 'admin achievement form')
      await admin.getByRole('button', { name: 'Save' }).click()
      await admin.getByRole('cell', { name: 'Lights on', exact: true }).waitFor()
      await assertPleasant(admin, 'admin achievements')

      await admin.getByRole('link', { name: 'Point rules' }).click()
      await admin.getByRole('button', { name: 'Add a rule' }).click()
      await admin.getByLabel('Type of event').fill('not a type!')
      await admin.getByLabel('Points', { exact: true }).fill('30')
      await admin.getByRole('button', { name: 'Save' }).click()
      await admin
        .getByText(/must be 1 to 200 letters/)
        .first()
        .waitFor()
      await admin.getByLabel('Type of event').fill('stall_opened')
      await admin.getByRole('button', { name: 'Save' }).click()
      await admin.getByRole('cell', { name: /^Stall opened/ }).waitFor()
      await assertPleasant(admin, 'admin rules')
    })

    await step('the new rule lifts the owner to the new level and unlocks the new achievement', async () => {
      await page.reload()
      await page.getByRole('button', { name: 'Record an activity' }).click()
      await page.getByRole('radio', { name: /Stall opened/ }).check()
      await page.getByRole('button', { name: 'Record it' }).click()
      const celebration = page.getByRole('status')
      await celebration.getByText('+30 points!').waitFor()
      await celebration.getByText('New level: Open stall').waitFor()
      await celebration.getByText('Unlocked: Warmed up and Lights on').waitFor()
      await page.getByTestId('level').getByText('Open stall').waitFor()
      await page.getByTestId('total-points').getByText('40').waitFor()
    })

    await step('the leaderboard shows the top, and the own place below it', async () => {
      const adminToken = await server.adminToken()
      for (let place = 1; place <= 11; place++) {
        const other = await server.owner({ business: { business_name: `Toko ${place}` } })
        await server.api('POST', '/admin/gamification/adjustments', {
          token: adminToken,
          body: {
            business_id: other.business.id,
            points: 1_000 - place,
            reason: 'Start',
            idempotency_key: `start ${place}`,
          },
        })
      }
      await page.reload()
      await page.getByTestId('rank').getByText('#12').waitFor()
      const rows = page.getByTestId('leaderboard').getByRole('listitem')
      await rows.getByText('Toko 1', { exact: true }).waitFor()
      // Ten at the top, the gap, and the own row.
      assert.equal(await rows.count(), 12)
      assert.match(await rows.last().innerText(), /12[\s\S]*Warung Sari[\s\S]*You/)
      assert.equal(await rows.last().getAttribute('aria-current'), 'true')
    })

    await step('the advisor answers word by word, and shows what it looked up', async () => {
      const rest = gate()
      model.enqueue(calls({ name: 'get_business_summary' }), {
        steps: [
          { text: ['You have **40 ', 'points**. '] },
          { until: rest.promise },
          {
            text: [
              'See [the guide](https://example.org/guide), not [this](javascript:alert(1)). ',
              '<img src="x" onerror="alert(1)"> ![pixel](https://evil.example/p.png)',
            ],
          },
          { finish: 'stop' },
        ],
      })
      await page.getByRole('link', { name: 'Advisor' }).click()
      await page.getByRole('heading', { name: 'What is on your mind?' }).waitFor()
      await assertPleasant(page, 'empty chat')
      await page.getByRole('button', { name: 'How many points do I have, and what is my level?' }).click()

      await answer.getByText('Looked at your business').waitFor()
      await answer.getByText('40 points').waitFor()
      assert.equal(await page.getByTestId('tool').getAttribute('data-state'), 'done')
      assert.equal(await answer.getByText('the guide').count(), 0, 'the rest is still to come')
      await page.getByRole('button', { name: 'Stop' }).waitFor()

      rest.resolve()
      const link = answer.getByRole('link', { name: 'the guide' })
      await link.waitFor()
      assert.equal(await link.getAttribute('href'), 'https://example.org/guide')
      assert.equal(await link.getAttribute('rel'), 'noopener noreferrer')
      await page.getByRole('button', { name: 'Send' }).waitFor()
      assert.equal(await answer.getByRole('link').count(), 1, 'a link that is not http(s) is no link')
      assert.equal(await answer.locator('img').count(), 0)
      await page.getByText('Looked at your business').click()
      await answer.getByText('total_points').waitFor()
      await assertPleasant(page, 'chat')
    })

    await step('a reload keeps the messages, also in the middle of an answer', async () => {
      await page.reload()
      await answer.getByText('40 points').waitFor()
      assert.equal(await answer.count(), 1)

      const rest = gate()
      model.enqueue({
        steps: [{ text: 'First half, ' }, { until: rest.promise }, { text: 'second half.' }, { finish: 'stop' }],
      })
      await askAdvisor(page, 'Tell me more')
      await answer.getByText('First half,').waitFor()
      await page.reload()
      await answer.getByText('First half,').waitFor()
      await page.getByRole('button', { name: 'Stop' }).waitFor()
      rest.resolve()
      await answer.getByText('First half, second half.').waitFor()
      await page.getByRole('button', { name: 'Send' }).waitFor()
      assert.equal(await page.getByText('Tell me more').count(), 1)
      assert.equal(await answer.getByText('First half, second half.', { exact: true }).count(), 1)
    })

    await step('an answer can be stopped, and a failed one asked again', async () => {
      const never = gate()
      model.enqueue({ steps: [{ text: 'A very long story' }, { until: never.promise }] })
      await askAdvisor(page, 'Tell me a story')
      await answer.getByText('A very long story').waitFor()
      await page.getByRole('button', { name: 'Stop' }).click()
      await answer.getByText('Stopped').waitFor()
      await page.getByRole('button', { name: 'Send' }).waitFor()
      never.resolve()

      model.enqueue({ status: 400 })
      await askAdvisor(page, 'And now?')
      await page.getByRole('alert').waitFor()
      model.enqueue(says('Better now.'))
      await page.getByRole('button', { name: 'Ask again' }).click()
      await answer.getByText('Better now.').waitFor()
      assert.equal(await page.getByRole('alert').count(), 0)
    })

    await step('an answer is rated with a note, which an admin sees without the conversation', async () => {
      const last = answer.last()
      await last.getByRole('button', { name: 'Bad answer' }).click()
      await page.getByLabel('Note').fill('I wanted numbers')
      await assertPleasant(page, 'note on an answer')
      await page.getByRole('button', { name: 'Save' }).click()
      await last.getByRole('button', { name: 'Change the note' }).waitFor()
      assert.equal(await last.getByRole('button', { name: 'Bad answer' }).getAttribute('aria-pressed'), 'true')

      await admin.getByRole('link', { name: 'Feedback' }).click()
      await admin.getByRole('cell', { name: 'I wanted numbers' }).waitFor()
      await assertPleasant(admin, 'admin feedback')
      assert.equal(await admin.getByText('Better now.').count(), 0)
      await admin.getByRole('button', { name: 'Good', exact: true }).click()
      await admin.getByText('Nobody has said anything of an answer yet.').waitFor()
    })

    await step('a conversation is found by what was said, pinned, saved, deleted and restored', async () => {
      const saved = page.waitForEvent('download')
      await page.getByRole('button', { name: 'Download' }).click()
      await page.getByRole('button', { name: 'For reading (Markdown)' }).click()
      assert.match((await saved).suggestedFilename(), /^tangga-[0-9-]+-how-many-points-[a-z-]+\.md$/)

      await page.getByRole('button', { name: 'Conversations' }).click()
      const list = page.getByRole('dialog').first()
      await list.getByRole('searchbox').fill('second hal')
      await list.getByText('1 conversation found').waitFor()
      assert.deepEqual(await list.locator('mark').allInnerTexts(), ['half', 'second', 'half'])
      await assertPleasant(page, 'search of conversations')
      await list.getByRole('searchbox').fill('')
      await act('Pin')
      await list.getByRole('heading', { name: 'Pinned' }).waitFor()
      await list.getByRole('button', { name: /^Actions for / }).click()
      await page.getByRole('button', { name: 'Unpin', exact: true }).waitFor()
      await assertPleasant(page, 'what can be done with a conversation')
      await page.getByRole('button', { name: 'Close' }).last().click()
      await assertPleasant(page, 'pinned conversations')

      await act('Delete')
      await page.getByRole('button', { name: 'Delete', exact: true }).click()
      await list.getByText('Your conversations will be listed here.').waitFor()
      await list.getByRole('button', { name: 'Deleted conversations' }).click()
      await page.getByRole('button', { name: /^Restore: / }).click()
      await page.getByText('Nothing was deleted in the last 30 days.').waitFor()
      await assertPleasant(page, 'deleted conversations')
      await page.getByRole('button', { name: 'Close' }).last().click()
      await list.getByRole('heading', { name: 'Pinned' }).waitFor()
      await list.getByRole('button', { name: 'Close' }).click()
    })

    await step('a conversation is renamed, and deleted after a question', async () => {
      await page.getByRole('button', { name: 'Conversations' }).click()
      await act('Rename')
      await page.getByLabel('Title').fill('My points')
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByRole('link', { name: 'My points' }).waitFor()
      await assertPleasant(page, 'conversations')
      await act('Delete')
      await page.getByRole('button', { name: 'Delete', exact: true }).click()
      await page.getByRole('dialog').getByText('Your conversations will be listed here.').waitFor()
      await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click()
      await page.getByRole('heading', { name: 'What is on your mind?' }).waitFor()
    })

    await step('an admin finds people and businesses, adjusts points and hides a business', async () => {
      await admin.getByRole('link', { name: 'People' }).click()
      await admin.getByRole('searchbox').fill(owner.email)
      const person = admin.getByRole('row', { name: new RegExp(owner.email) })
      await person.waitFor()
      await assertPleasant(admin, 'admin people')
      await admin.getByRole('button', { name: `Reset link: ${owner.name}` }).click()
      await admin.getByRole('button', { name: 'Make the link' }).click()
      resetLink = await admin.getByRole('textbox', { name: 'Reset link' }).inputValue()
      assert.match(resetLink, /\/reset\?token=\S{20,}/)
      await admin.getByRole('dialog').getByRole('button', { name: 'Close' }).click()

      await admin.getByRole('link', { name: 'Businesses' }).click()
      await admin.getByRole('searchbox').fill('Warung')
      await admin
        .getByRole('cell', { name: /Warung Sari/ })
        .first()
        .waitFor()
      await assertPleasant(admin, 'admin businesses')
      await admin.getByRole('button', { name: 'Adjust points: Warung Sari' }).click()
      await admin.getByLabel('Points to add, or with a minus to take').fill('-1000')
      await admin.getByLabel('Reason').fill('A mistake')
      await admin.getByRole('dialog').getByRole('button', { name: 'Adjust points' }).click()
      await admin
        .getByRole('alert')
        .getByText(/below 0/)
        .waitFor()
      await admin.getByLabel('Points to add, or with a minus to take').fill('5')
      await admin.getByRole('dialog').getByRole('button', { name: 'Adjust points' }).click()
      await admin.getByText('Warung Sari has 45 points now.').waitFor()
      await admin.getByLabel('Leaderboard visibility of Warung Sari').selectOption('alias')
      await admin.getByText('Saved.').waitFor()
    })

    await step('the business is edited, and shows how it stands on the board', async () => {
      await page.goto(`${server.url}/business`)
      await page.getByRole('heading', { name: 'Your business' }).waitFor()
      assert.equal(await page.getByLabel('City').inputValue(), 'Bandung')
      assert.equal(await page.getByRole('radio', { name: /Under a neutral name/ }).isChecked(), true)
      await page.getByRole('radio', { name: /Under its name/ }).check()
      await page.getByLabel('What do you want to reach next?').fill('A second stall')
      await assertPleasant(page, 'business')
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByText('Saved.').waitFor()
      await page.getByRole('link', { name: 'Progress' }).click()
      await page.getByTestId('total-points').getByText('45').waitFor()
    })

    await step('a second business gets a switcher', async () => {
      await page.getByRole('link', { name: 'Business' }).click()
      await page.getByRole('link', { name: 'Add a business' }).click()
      await page.getByLabel('Name of the business').fill('Kopi Sari')
      await page.getByLabel('What kind of business is it?').fill('Café')
      await page.getByLabel('How far along is it?').fill('Idea')
      await page.getByRole('button', { name: 'Save and start climbing' }).click()
      await page.getByRole('heading', { name: 'Progress of Kopi Sari' }).waitFor()
      await page.getByLabel('Business shown').selectOption('Warung Sari')
      await page.getByRole('heading', { name: 'Progress of Warung Sari' }).waitFor()
      await assertPleasant(page, 'progress with two businesses')
    })

    await step('the app speaks Indonesian, and stays so after a reload', async () => {
      await page.getByRole('link', { name: 'Account' }).click()
      await page.getByRole('heading', { name: 'Account', exact: true }).waitFor()
      await assertPleasant(page, 'account')
      const saved = page.waitForResponse((response) => response.request().method() === 'PATCH' && response.ok())
      await page.getByLabel('Language').selectOption('id')
      await page.getByRole('heading', { name: 'Akun', exact: true }).waitFor()
      await saved
      await page.reload()
      await page.getByRole('heading', { name: 'Akun', exact: true }).waitFor()
      assert.equal(await page.locator('html').getAttribute('lang'), 'id')
      await page.getByLabel('Bahasa').selectOption('en')
      await page.getByRole('heading', { name: 'Account', exact: true }).waitFor()
    })

    await step('two tabs that refresh at once, again and again, stay signed in', async () => {
      await page.goto(server.url)
      const second = await context.newPage()
      await second.goto(server.url)
      await reloadAtOnce(page, second)
      await second.goto(`${server.url}/account`)
      await second.getByRole('button', { name: 'Log out' }).click()
      await Promise.all([page, second].map((tab) => tab.getByRole('heading', { name: 'Welcome back' }).waitFor()))
      await second.close()
    })

    await step('so do two tabs on a plain-http address, where the browser has no locks', async () => {
      const lan = `http://${lanHost}:${new URL(server.url).port}`
      const lanContext = await openContext(browser, phone)
      const [first, second] = [await lanContext.newPage(), await lanContext.newPage()]
      await logIn(first, lan, owner.email)
      await first.getByTestId('total-points').waitFor()
      assert.equal(await first.evaluate('isSecureContext'), false)
      await second.goto(lan)
      await reloadAtOnce(first, second)
      await first.getByRole('button', { name: 'Record an activity' }).click()
      await first.getByRole('radio', { name: /Counted the stock/ }).check()
      await first.getByRole('button', { name: 'Record it' }).click()
      await first.getByText('+10 points!').waitFor()
      await lanContext.close()
    })

    await step('a reset link sets a new password, once', async () => {
      const { pathname, search } = new URL(resetLink)
      const setPassword = async () => {
        await page.goto(server.url + pathname + search)
        await page.getByLabel('New password', { exact: true }).fill(testPassword)
        await page.getByRole('button', { name: 'Set the new password' }).click()
      }
      await setPassword()
      await page.getByRole('heading', { name: 'Welcome back' }).waitFor()
      await setPassword()
      await page.getByRole('alert').waitFor()
      await assertPleasant(page, 'reset')
    })

    await step('signing in needs no mouse', async () => {
      const keyboardContext = await openContext(browser, desk)
      await logInByKeyboard(await keyboardContext.newPage(), server.url, owner.email)
      await keyboardContext.close()
    })

    await step('dark devices get dark pages, and the switch overrules the device', () =>
      lookInTheDark(browser, server.url, owner.email),
    )

    await step('nothing was thrown, and nothing was against the content policy', () => {
      assert.deepEqual([...trouble, ...adminTrouble], [])
    })
  },
)

import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import type { Browser, BrowserContextOptions } from 'playwright-core'
import { startTestServer } from '../harness.ts'
import { startModelServer } from '../model-server.ts'
import { openBrowser, openContext, watchForTrouble } from './chromium-browser.ts'
import { logIn } from './sign-in.ts'

/** browserSite starts a server and a browser before the tests of a file and ends them after; tests find them in it. */
export function browserSite<Server extends { url: string; close(): Promise<void> }>(start: () => Promise<Server>) {
  let server: Server | undefined
  let browser: Browser | undefined

  before(async () => {
    server = await start()
    browser = await openBrowser()
  })

  after(async () => {
    await browser?.close()
    await server?.close()
  })

  function started<Part>(part: Part | undefined): Part {
    if (part === undefined) throw new Error('only tests find what was started before them')
    return part
  }

  return {
    get server(): Server {
      return started(server)
    },
    get browser(): Browser {
      return started(browser)
    },
    /** visit signs somebody in on a device of their own; `leave` sees that nothing went wrong on the page. */
    async visit(device: BrowserContextOptions, email: string) {
      const { url } = started(server)
      const context = await openContext(started(browser), device)
      const page = await context.newPage()
      const trouble = watchForTrouble(page)
      await logIn(page, url, email)
      await page.waitForURL((address) => address.pathname !== '/login')
      return {
        context,
        page,
        async leave() {
          assert.deepEqual(trouble, [])
          await context.close()
        },
      }
    },
  }
}

/** startServerWithModel starts a server whose advisor asks a model that the tests script. */
export async function startServerWithModel() {
  const model = await startModelServer()
  const server = await startTestServer({ env: { LLM_BASE_URL: model.url, LLM_MODEL_NAME: 'scripted' } })
  return {
    ...server,
    model,
    async close() {
      await server.close()
      await model.close()
    },
  }
}

import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { createLog } from '../logger.ts'
import type { App } from './app-types.ts'
import { createHttp } from './server.ts'
import { serveWebApp } from './web-app.ts'

const policy = "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
const navigation = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

async function serving(folder: string): Promise<App> {
  const log = createLog({ level: 'silent' })
  const app = await createHttp({ log, trustProxy: undefined, corsOrigins: [], https: false })
  await serveWebApp(app, folder)
  await app.ready()
  return app
}

describe('the web app', () => {
  let folder: string
  let app: App
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tangga-web-'))
    await mkdir(join(folder, 'assets'))
    await writeFile(join(folder, 'index.html'), '<!doctype html><title>The app</title>')
    await writeFile(join(folder, 'assets', 'index-1a2b.js'), 'start()')
    await writeFile(join(folder, 'favicon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>')
    app = await serving(folder)
  })
  after(async () => {
    await app.close()
    await rm(folder, { recursive: true })
  })

  test('is there at every address that a browser navigates to, and is asked for anew each time', async () => {
    for (const url of ['/', '/login', '/admin/levels', '/reset?token=x']) {
      const page = await app.inject({ url, headers: navigation })
      assert.equal(page.statusCode, 200, url)
      assert.match(String(page.headers['content-type']), /^text\/html/)
      assert.match(page.body, /The app/)
      assert.equal(page.headers['cache-control'], 'no-cache')
      assert.equal(page.headers['content-security-policy'], policy)
    }
    assert.equal((await app.inject({ method: 'HEAD', url: '/login', headers: navigation })).statusCode, 200)
  })

  test('keeps its hashed files in the browser for good, and others no longer than they hold', async () => {
    const script = await app.inject('/assets/index-1a2b.js')
    assert.match(String(script.headers['content-type']), /javascript/)
    assert.equal(script.headers['cache-control'], 'public, max-age=31536000, immutable')
    assert.equal(script.headers['content-security-policy'], policy)
    assert.equal((await app.inject('/favicon.svg')).headers['cache-control'], 'no-cache')
  })

  test('stands in for nothing else: what is missing is a problem, and nothing outside its folder is served', async () => {
    for (const [method, url, headers] of [
      ['GET', '/assets/index-old.js', {}],
      ['GET', '/api/v1/nothing', navigation],
      ['POST', '/login', navigation],
      ['GET', '/assets/..%2f..%2fetc%2fpasswd', {}],
      ['GET', '/assets/../../etc/passwd', {}],
      ['GET', '/index-1a2b.js', { accept: '*/*' }],
    ] as const) {
      const answer = await app.inject({ method, url, headers })
      assert.equal(answer.statusCode, 404, url)
      assert.match(String(answer.headers['content-type']), /^application\/problem\+json/)
    }
  })
})

test('a web app that is not built yet is a page that says how to build it', async () => {
  const app = await serving(join(tmpdir(), 'tangga-no-web-app-here'))
  const page = await app.inject({ url: '/', headers: navigation })
  assert.match(page.body, /npm run build/)
  assert.equal((await app.inject({ url: '/login', headers: navigation })).statusCode, 404)
  await app.close()
})

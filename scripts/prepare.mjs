// Runs before `npm start`, `npm test` and their like, so that a fresh clone needs no set-up: installs the packages when they
// are missing or not those of the lockfile, and with the argument `web` builds the web app when its sources have changed.
//
// This is the one script that runs before anything is installed, on whatever Node npm itself uses, so it is plain JavaScript
// for Node 20 without packages. It runs before every start: with nothing to do it takes a few milliseconds.

import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const lockfile = join(root, 'package-lock.json')
const installedLockfile = join(root, 'node_modules/.package-lock.json')
const ownNode = join(root, 'node_modules/.bin', process.platform === 'win32' ? 'node.exe' : 'node')
const webDist = join(root, 'web/dist')
const webStamp = join(webDist, '.sources')
const webBuilding = join(root, 'web/.dist-building')
const webSources = ['web', 'client/src', 'client/package.json', 'package-lock.json']
const notSources = new Set(['node_modules', 'dist', '.dist-building'])
const workFolder = join(root, '.preparing')
const wantsWeb = process.argv.includes('web')

/** Refusal ends the script with its message alone: a line for a person, who has no use for a stack. */
class Refusal extends Error {}

try {
  refuseOldNode()
  if (!isPrepared()) await withWorkFolder(prepare)
  refuseMissingNode()
} catch (error) {
  if (!(error instanceof Refusal)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}

function isPrepared() {
  return isInstalled() && (!wantsWeb || isWebBuilt())
}

async function prepare() {
  if (!isInstalled()) {
    const seconds = stopwatch()
    say('installing the packages, once; this takes about a minute …')
    await install()
    say(`packages installed in ${seconds()} s`)
  }
  if (wantsWeb && !isWebBuilt()) {
    const seconds = stopwatch()
    say('building the web app …')
    await buildWeb()
    say(`web app built in ${seconds()} s`)
  }
}

/** refuseOldNode speaks up before a minute is spent on an install that could not run. */
function refuseOldNode() {
  if (isOlderThan('20.0.0'))
    throw new Refusal(`Tangga needs Node 20 or newer to install itself; this is ${process.version}.`)
  const platform = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  if (manifest('package.json').optionalDependencies?.[`node-${platform}`]) return
  const needed = neededNode()
  if (isOlderThan(needed)) {
    throw new Refusal(
      `Tangga runs on Node ${needed} or newer; npm has no package of it for ${platform}, and the one installed here is ` +
        `${process.version}. Install Node 24 from https://nodejs.org and start again.`,
    )
  }
}

/** refuseMissingNode speaks up where somebody has installed without the Node that the project brings, and their own is too old. */
function refuseMissingNode() {
  const needed = neededNode()
  if (existsSync(ownNode) || !isOlderThan(needed)) return
  throw new Refusal(
    `Tangga runs on Node ${needed} or newer; the one that npm brings is not installed, and the one installed here is ` +
      `${process.version}. Run npm ci --include=optional and start again.`,
  )
}

/** neededNode is the oldest Node that runs the server, as its package.json says. */
function neededNode() {
  return manifest('server/package.json').engines.node.replace('>=', '')
}

function isOlderThan(version) {
  const numbersOf = (text) => text.split('.').map(Number)
  const [mine, wanted] = [numbersOf(process.versions.node), numbersOf(version)]
  const at = wanted.findIndex((number, index) => number !== mine[index])
  return at !== -1 && mine[at] < wanted[at]
}

function manifest(path) {
  return JSON.parse(readFileSync(join(root, path), 'utf8'))
}

/**
 * isInstalled tells whether node_modules holds what the lockfile says. npm leaves its own lockfile there as the last step of
 * an install, so one is found only after a finished install, ours or by hand. Packages for other platforms are rightly absent.
 */
function isInstalled() {
  const text = textOf(installedLockfile)
  if (text === undefined) return false
  const installed = JSON.parse(text).packages ?? {}
  const wanted = JSON.parse(readFileSync(lockfile, 'utf8')).packages ?? {}
  return Object.entries(wanted).every(([path, entry]) => {
    if (!path.includes('node_modules/')) return true
    const found = installed[path]
    if (found === undefined) return entry.optional === true || entry.devOptional === true
    return found.version === entry.version && found.integrity === entry.integrity && found.resolved === entry.resolved
  })
}

async function install() {
  // Without --include, NODE_ENV=production would leave out what builds the web app, and omit=optional the database and Node.
  const include = ['--include=dev', '--include=optional', '--include=peer']
  // What is installed runs on the Node that comes with it, so it does not matter what npm's own is too old for.
  const result = await npm(['ci', ...include, '--engine-strict=false', '--no-audit', '--no-fund', '--loglevel=error'])
  if (result.code !== 0) throw new Refusal(`${result.output}\nTangga: npm ci failed; the reason stands above.`)
  // npm picks the Node package by processor and system alone, so on a system without glibc it may not run.
  if (existsSync(ownNode) && spawnSync(ownNode, ['--version']).status !== 0) {
    throw new Refusal(
      'Tangga: the Node 24 that npm installed does not run here. On Linux it needs glibc (Alpine has none).',
    )
  }
}

/** npm runs the npm that started this script, on the Node that it started with: the Node in node_modules is about to be replaced. */
function npm(args) {
  const env = { ...process.env, PATH: pathWithout(join('node_modules', '.bin')) }
  // What `npm run` was told about itself (a workspace, a dry run, what to omit) must not reach the install; the registry,
  // proxies and certificates must.
  const ofTheOuterCall =
    /^npm_config_(omit|include|only|production|dev|workspaces?|include_workspace_root|local_prefix|prefix|global|location|dry_run|package_lock_only|package_lock|ignore_scripts)$/i
  for (const name of Object.keys(env)) if (ofTheOuterCall.test(name)) delete env[name]
  const { npm_execpath: npmScript, npm_node_execpath: nodeOfNpm } = process.env
  if (npmScript && /npm-cli\.c?js$/.test(npmScript))
    return run(nodeOfNpm ?? process.execPath, [npmScript, ...args], env)
  return run(process.platform === 'win32' ? 'npm.cmd' : 'npm', args, env)
}

function pathWithout(piece) {
  const entries = (process.env.PATH ?? '').split(delimiter)
  return entries.filter((entry) => !entry.includes(piece)).join(delimiter)
}

function isWebBuilt() {
  if (!existsSync(join(root, 'web/index.html'))) return true
  return existsSync(join(webDist, 'index.html')) && textOf(webStamp) === webHash()
}

/** buildWeb builds beside web/dist and then exchanges the two, so that a build which fails or is cut short leaves the old app whole. */
async function buildWeb() {
  const hash = webHash()
  const vite = join(root, 'node_modules/vite/bin/vite.js')
  const args = [vite, 'build', join(root, 'web'), '--outDir', webBuilding, '--emptyOutDir', '--logLevel', 'warn']
  const node = existsSync(ownNode) ? ownNode : process.execPath
  const result = await run(node, args, { ...process.env, NODE_ENV: 'production' }, join(root, 'web'))
  if (result.code !== 0)
    throw new Refusal(`${result.output}\nTangga: the web app could not be built; the reason stands above.`)
  writeFileSync(join(webBuilding, '.sources'), hash)
  rmSync(webDist, { recursive: true, force: true })
  renameSync(webBuilding, webDist)
}

function webHash() {
  return hashOf(webSources.flatMap((path) => filesBelow(join(root, path))))
}

function filesBelow(path) {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (!stats) return []
  if (!stats.isDirectory()) return [path]
  const names = readdirSync(path).filter((name) => !notSources.has(name) && !name.endsWith('.test.ts'))
  return names.toSorted().flatMap((name) => filesBelow(join(path, name)))
}

function hashOf(paths) {
  const hash = createHash('sha256')
  for (const path of paths) {
    const content = readFileSync(path)
    hash.update(`${path.slice(root.length)}\0${content.length}\0`).update(content)
  }
  return hash.digest('hex')
}

/**
 * withWorkFolder lets one of several starts do the work while the others wait, and lets the others find it done. The
 * folder holds who works; one left behind by a process that is gone is taken over.
 */
async function withWorkFolder(work) {
  const owner = join(workFolder, 'owner.json')
  let announced = false
  while (!takeWorkFolder(owner)) {
    if (isAbandoned(owner)) {
      // Renamed first: of several that see it abandoned, one succeeds, and none removes the folder of the next owner.
      const aside = `${workFolder}-${process.pid}`
      try {
        renameSync(workFolder, aside)
        rmSync(aside, { recursive: true, force: true })
      } catch {
        // Another start was quicker.
      }
      continue
    }
    if (!announced) say('another start is installing or building; waiting for it …')
    announced = true
    await sleep(200)
  }
  try {
    if (!isPrepared()) await work()
  } finally {
    rmSync(workFolder, { recursive: true, force: true })
  }
}

function takeWorkFolder(owner) {
  try {
    mkdirSync(workFolder)
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw new Refusal(`Tangga: the packages must be installed, but ${root} cannot be written (${error.code}).`)
  }
  writeFileSync(owner, JSON.stringify({ pid: process.pid, host: hostname() }))
  return true
}

function isAbandoned(owner) {
  const text = textOf(owner)
  if (!text) {
    // Just made and not yet signed, or its maker was killed in between.
    const madeAt = statSync(workFolder, { throwIfNoEntry: false })?.mtimeMs
    return madeAt !== undefined && Date.now() - madeAt > 5_000
  }
  const { pid, host } = JSON.parse(text)
  if (host !== hostname()) return false
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return error.code === 'ESRCH'
  }
}

function run(command, args, env, cwd = root) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], shell: command.endsWith('.cmd') })
    let output = ''
    child.stdout.on('data', (piece) => (output += piece))
    child.stderr.on('data', (piece) => (output += piece))
    child.on('error', (error) => reject(new Refusal(`Tangga: ${command} could not be started (${error.message}).`)))
    child.on('close', (code) => resolve({ code, output: output.trim() }))
  })
}

function textOf(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function stopwatch() {
  const startedAt = Date.now()
  return () => ((Date.now() - startedAt) / 1000).toFixed(1)
}

function say(text) {
  process.stdout.write(`Tangga: ${text}\n`)
}

import { once } from 'node:events'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { environment } from '../server/src/platform/config.ts'
import { findChromium } from './chromium.ts'
import { projectRoot } from '../server/src/project-root.ts'
import { startTestDatabase } from './test-database.ts'
import type { TestDatabase } from './test-database.ts'
import { allTestFiles, selectTestFiles } from './test-files.ts'
import type { TestFiles } from './test-files.ts'

// `npm test [-- paths…]`: runs the tests against one temporary PostgreSQL, on which each test file has databases of its own.

const usage = `usage: npm test [-- [options] paths…]

A path is a file, a folder, or a piece of a path ("leaderboard"); none runs everything.
  --name=PATTERN              only tests whose name matches
  --suite=all|core|browser    core leaves the browser out; browser and all need a Chromium.
                              By default the browser tests run where a Chromium is found.
                              Tests against a real LlamaIndex server run in all but browser, where WORKFLOW_PYTHON is set.
  --concurrency=N             test files at once
Environment: TEST_DATABASE_URL (a PostgreSQL to use instead of the embedded one; its account must be allowed to make
databases), CHROMIUM_PATH, WORKFLOW_PYTHON (a Python that has the packages of examples/llamaindex/requirements.txt).
`
// Longer than any one test should take on a busy machine; a test that hangs fails.
const testTimeoutMs = 180_000
const interruptedExitCode = 130

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      name: { type: 'string' },
      suite: { type: 'string', default: 'default' },
      concurrency: { type: 'string', default: String(Math.max(2, availableParallelism())) },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const concurrency = Number(values.concurrency)
  if (!Number.isInteger(concurrency) || concurrency < 1) throw new Error('--concurrency must be a number from 1')
  if (!['default', 'all', 'core', 'browser'].includes(values.suite)) throw new Error(`unknown suite ${values.suite}`)
  return { words: positionals, name: values.name, suite: values.suite, concurrency, help: values.help }
}

/** chooseFiles turns what was asked for into a list of files, and says in one line what was left out and why. */
function chooseFiles(files: TestFiles, suite: string, chromium: string | undefined): string[] {
  const wantsBrowser = suite !== 'core' && files.browser.length > 0
  const core = suite === 'browser' ? [] : [...files.core, ...chosenPython(files)]
  if (!wantsBrowser) return core
  if (chromium) return [...core, ...files.browser]
  if (suite !== 'default') throw new Error('no Chromium was found: install it, or set CHROMIUM_PATH to one')
  note('The browser tests are left out, since no Chromium was found. To run them, install it or set CHROMIUM_PATH.')
  return core
}

function chosenPython({ python }: TestFiles): string[] {
  if (process.env['WORKFLOW_PYTHON']) return python
  if (python.length > 0)
    note('The tests against a real LlamaIndex server are left out. To run them, set WORKFLOW_PYTHON (see --help).')
  return []
}

/** runFiles runs the files in processes of their own, shows their results as they come, and answers the counts. */
async function runFiles(options: {
  files: string[]
  name: string | undefined
  concurrency: number
  signal: AbortSignal
}) {
  const counts = { passed: 0, failed: 0 }
  const folder = await mkdtemp(join(tmpdir(), 'tangga-test-run-'))
  const ended = join(folder, 'ended')
  await writeFile(ended, '')
  process.env['TANGGA_TEST_ENDED'] = ended
  const results = run({
    files: options.files,
    cwd: projectRoot,
    concurrency: options.concurrency,
    timeout: testTimeoutMs,
    execArgv: ['--import', fileURLToPath(new URL('end-lingering.ts', import.meta.url))],
    signal: options.signal,
    ...(options.name !== undefined && { testNamePatterns: options.name }),
  })
  results.on('test:summary', (summary) => {
    // One summary comes from every file, and a last one, without a file, of all of them.
    if (summary.file !== undefined) return
    counts.passed = summary.counts.passed
    // A test that is skipped or left to do shows nothing, and counts as failed; one that cannot run here belongs to a suite.
    counts.failed = summary.counts.tests - summary.counts.passed
  })
  const report = results.compose(spec)
  report.pipe(process.stdout, { end: false })
  await once(report, 'end')
  // A file whose process was cut short is counted by what it had reported, and must not pass for one that went well.
  const whole = new Set((await readFile(ended, 'utf8')).split('\n'))
  await rm(folder, { recursive: true, force: true })
  const unreported = options.files.map((file) => resolve(projectRoot, file)).filter((file) => !whole.has(file))
  for (const file of unreported) note(`✖ ${file} ended without reporting all of its tests`)
  return { ...counts, failed: counts.failed + unreported.length }
}

function note(line: string): void {
  process.stdout.write(`${line}\n`)
}

async function main(): Promise<number> {
  const asked = readArguments()
  if (asked.help) {
    process.stdout.write(usage)
    return 0
  }
  const chosen = selectTestFiles(allTestFiles(projectRoot), asked.words, { root: projectRoot, cwd: process.cwd() })
  const chromium = findChromium(process.env['CHROMIUM_PATH'])
  const files = chooseFiles(chosen, asked.suite, chromium)
  if (files.length === 0) throw new Error('there is nothing to run')

  const interrupt = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupt.abort())

  // Tests must not pick up the settings of a server that the same shell is used for.
  for (const name of Object.keys(environment.shape)) delete process.env[name]
  if (chromium) process.env['CHROMIUM_PATH'] = chromium

  let database: TestDatabase | undefined
  try {
    if (files.some((path) => path.startsWith('server/'))) {
      database = await startTestDatabase({ externalUrl: process.env['TEST_DATABASE_URL'], root: projectRoot })
      process.env['TANGGA_TEST_DATABASE_URL'] = database.url
      process.env['TANGGA_TEST_TEMPLATE'] = database.template
    }
    const { passed, failed } = await runFiles({
      files,
      name: asked.name,
      concurrency: asked.concurrency,
      signal: interrupt.signal,
    })
    note(`${passed} passed, ${failed} failed`)
    if (interrupt.signal.aborted) return interruptedExitCode
    return failed === 0 ? 0 : 1
  } finally {
    await database?.close()
  }
}

try {
  process.exitCode = await main()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 2
}

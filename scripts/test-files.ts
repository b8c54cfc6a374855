import { existsSync, globSync, statSync } from 'node:fs'
import { relative, resolve } from 'node:path'

const corePatterns = [
  'server/src/**/*.test.ts',
  'server/test/**/*.test.ts',
  'scripts/**/*.test.ts',
  'client/src/**/*.test.ts',
  'web/src/**/*.test.ts',
]
const browserFolder = 'server/test/browser/'
const pythonFolder = 'server/test/python/'

/**
 * TestFiles are test files as paths below the project's root, sorted; those of `browser` need a Chromium, those of
 * `python` a Python that has the packages of examples/llamaindex.
 */
export type TestFiles = { core: string[]; browser: string[]; python: string[] }

/** allTestFiles finds every test file of the project. */
export function allTestFiles(root: string): TestFiles {
  const found = globSync(corePatterns, { cwd: root, exclude: (path) => path.includes('node_modules') })
  const files = [...new Set(found.map((path) => path.replaceAll('\\', '/')))].toSorted()
  return {
    core: files.filter((path) => !path.startsWith(browserFolder) && !path.startsWith(pythonFolder)),
    browser: files.filter((path) => path.startsWith(browserFolder)),
    python: files.filter((path) => path.startsWith(pythonFolder)),
  }
}

/**
 * selectTestFiles keeps the files that the words name. A word is a file, a folder, or a piece of a path (`leaderboard`);
 * none keeps all. Fails on a word that names no test, so that a typing error never looks like success.
 */
export function selectTestFiles(files: TestFiles, words: string[], from: { root: string; cwd: string }): TestFiles {
  if (words.length === 0) return files
  const matchers = words.map((word) => matcherFor(word, from))
  for (const [index, matches] of matchers.entries()) {
    if (![...files.core, ...files.browser, ...files.python].some(matches))
      throw new Error(`no test matches ${words[index]}`)
  }
  const chosen = (path: string): boolean => matchers.some((matches) => matches(path))
  return {
    core: files.core.filter(chosen),
    browser: files.browser.filter(chosen),
    python: files.python.filter(chosen),
  }
}

function matcherFor(word: string, from: { root: string; cwd: string }): (path: string) => boolean {
  for (const base of [from.cwd, from.root]) {
    const absolute = resolve(base, word)
    if (!existsSync(absolute)) continue
    const below = relative(from.root, absolute).replaceAll('\\', '/')
    if (!statSync(absolute).isDirectory()) return (path) => path === below
    return (path) => below === '' || path.startsWith(`${below}/`)
  }
  return (path) => path.includes(word)
}

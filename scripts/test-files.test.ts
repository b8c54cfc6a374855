import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { allTestFiles, selectTestFiles } from './test-files.ts'

describe('choosing test files', () => {
  let root = ''
  const paths = [
    'server/src/modules/auth/login.test.ts',
    'server/src/modules/auth/login.ts',
    'server/test/journey.test.ts',
    'server/test/browser/owner.test.ts',
    'server/test/python/workflow.test.ts',
    'server/node_modules/x/src/x.test.ts',
    'client/node_modules/y/y.test.ts',
    'scripts/test-files.test.ts',
    'web/src/format.test.ts',
  ]
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'tangga-test-files-'))
    for (const path of paths) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), '')
    }
  })
  after(() => rmSync(root, { recursive: true }))

  const select = (words: string[]) => selectTestFiles(allTestFiles(root), words, { root, cwd: root })

  test('all tests are found, those for a browser and for Python apart, none from packages', () => {
    assert.deepEqual(select([]), {
      core: [
        'scripts/test-files.test.ts',
        'server/src/modules/auth/login.test.ts',
        'server/test/journey.test.ts',
        'web/src/format.test.ts',
      ],
      browser: ['server/test/browser/owner.test.ts'],
      python: ['server/test/python/workflow.test.ts'],
    })
  })

  test('a folder, a file and a piece of a path each choose tests', () => {
    assert.deepEqual(select(['server/test']).core, ['server/test/journey.test.ts'])
    assert.deepEqual(select(['server/test']).browser, ['server/test/browser/owner.test.ts'])
    assert.deepEqual(select(['web/src/format.test.ts']).core, ['web/src/format.test.ts'])
    assert.deepEqual(select(['auth/']).core, ['server/src/modules/auth/login.test.ts'])
    assert.deepEqual(select(['login', 'format']).core, [
      'server/src/modules/auth/login.test.ts',
      'web/src/format.test.ts',
    ])
  })

  test('a word that names no test is refused', () => {
    assert.throws(() => select(['login', 'leaderbord']), /no test matches leaderbord/)
  })

  test('a folder is meant whole, not as the beginning of a name', () => {
    assert.throws(() => select(['server/test/brow/']), /no test matches/)
  })
})

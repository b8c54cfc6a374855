import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import manifest from '../package.json' with { type: 'json' }
import { projectRoot } from '../server/src/project-root.ts'

const documents = globSync(['*.md', 'docs/**/*.md', '*/README.md'], { cwd: projectRoot }).toSorted()

describe('the documents', () => {
  for (const path of documents) {
    const text = readFileSync(join(projectRoot, path), 'utf8')

    test(`${path} links to what exists`, () => {
      const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '')
      const local = targets.filter((target) => !/^[a-z]+:|^#/.test(target))
      const missing = local.filter((target) => !existsSync(join(projectRoot, dirname(path), target.replace(/#.*/, ''))))
      assert.deepEqual(missing, [])
    })

    test(`${path} names npm commands that exist`, () => {
      const named = [...text.matchAll(/\bnpm (?:run ([\w:-]+)|(start|test)\b)/g)].map(
        (match) => match[1] ?? match[2] ?? '',
      )
      assert.deepEqual(
        named.filter((name) => !Object.hasOwn(manifest.scripts, name)),
        [],
      )
    })
  }
})

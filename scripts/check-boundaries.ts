import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { findViolations } from './boundaries.ts'
import { projectRoot } from '../server/src/project-root.ts'

// A step of `npm run check`: prints each place where an import or a look at the environment crosses a boundary.

const paths = globSync(['server/src/**/*.ts', 'client/src/**/*.ts', 'web/src/**/*.{ts,tsx}'], { cwd: projectRoot })
const files = new Map(
  paths
    .map((path) => path.replaceAll('\\', '/'))
    .toSorted()
    .map((path) => [path, readFileSync(join(projectRoot, path), 'utf8')] as const),
)
const violations = findViolations(files)
for (const { path, line, message } of violations) process.stdout.write(`${path}:${line} ${message}\n`)
process.exitCode = violations.length === 0 ? 0 : 1

import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { projectRoot } from '../server/src/project-root.ts'
import { run } from './run.ts'

// `npm run check`: everything that can be said about the code without running it. All steps run, also after one has failed.

type Step = { name: string; command: string[] }

const steps: Step[] = [
  { name: 'types of server and scripts', command: tool('typescript', 'bin/tsc', '-p', 'server') },
  { name: 'types of web', command: tool('typescript', 'bin/tsc', '-p', 'web') },
  { name: 'types of client', command: tool('typescript', 'bin/tsc', '-p', 'client') },
  { name: 'lint', command: tool('oxlint', 'bin/oxlint', '.') },
  { name: 'format', command: tool('prettier', 'bin/prettier.cjs', '--check', '--log-level', 'warn', '.') },
  { name: 'boundaries', command: [process.execPath, 'scripts/check-boundaries.ts'] },
  { name: 'generated files', command: [process.execPath, 'scripts/generate.ts', '--check'] },
]

/** tool answers the command line of a program that an installed package brings. */
function tool(packageName: string, program: string, ...args: string[]): string[] {
  const manifest = createRequire(join(projectRoot, 'package.json')).resolve(`${packageName}/package.json`)
  return [process.execPath, join(manifest, '..', program), ...args]
}

/** runSteps runs as many steps at once as there are processors, shows each as it ends, and answers how many failed. */
async function runSteps(): Promise<number> {
  const waiting = [...steps]
  let failed = 0
  async function work(): Promise<void> {
    for (let step = waiting.shift(); step; step = waiting.shift()) {
      const [program = '', ...args] = step.command
      const result = await run(program, args, { cwd: projectRoot })
      const ok = result.code === 0
      if (!ok) failed += 1
      process.stdout.write(`${ok ? '✔' : '✖'} ${step.name} (${(result.durationMs / 1000).toFixed(1)} s)\n`)
      if (!ok) process.stdout.write(`${result.output.trim().replaceAll(/^/gm, '    ')}\n`)
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, work))
  return failed
}

const failed = await runSteps()
process.stdout.write(`${steps.length - failed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 ? 0 : 1

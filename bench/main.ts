import { parseArgs } from 'node:util'
import { runEngineBench } from './engine.ts'
import { line, resultsOf, verdict, writeResults } from './report.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false } },
})
const [suite = 'engine'] = positionals
if (suite !== 'engine') throw new Error(`there is no bench called ${suite}; there is: engine`)

const started = Date.now()
const tell = (what: string) =>
  process.stderr.write(`${String(Math.round((Date.now() - started) / 1000)).padStart(5)} s  ${what}\n`)
const measures = await runEngineBench({ isQuick: values.quick, tell })
const results = resultsOf(measures)
process.stdout.write(
  `\n${results.machine}, ${results.commit}\n${measures.map((measure) => `${line(measure)}\n`).join('')}`,
)
// A quick run is on a smaller board and in shorter slices: to see that nothing is broken, not to be quoted.
if (!values.quick) writeResults(suite, results)
process.exitCode = measures.some((measure) => verdict(measure) === 'short') ? 1 : 0

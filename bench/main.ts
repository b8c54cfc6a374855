import { parseArgs } from 'node:util'
import { runChatBench } from './chat.ts'
import { runEngineBench } from './engine.ts'
import { line, resultsOf, verdict, writeResults } from './report.ts'

const suites = { engine: runEngineBench, chat: runChatBench }

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string' } },
})
const [name = 'engine'] = positionals
const suite = Object.entries(suites).find(([known]) => known === name)?.[1]
if (!suite) throw new Error(`there is no bench called ${name}; there are: ${Object.keys(suites).join(', ')}`)
if (values.only !== undefined && name !== 'chat') throw new Error('only the parts of the chat can be measured alone')

const started = Date.now()
const tell = (what: string) =>
  process.stderr.write(`${String(Math.round((Date.now() - started) / 1000)).padStart(5)} s  ${what}\n`)
const measures = await suite({ isQuick: values.quick, only: values.only, tell })
const results = resultsOf(measures)
process.stdout.write(
  `\n${results.machine}, ${results.commit}\n${measures.map((measure) => `${line(measure)}\n`).join('')}`,
)
// A quick run is on a smaller board and in shorter slices: to see that nothing is broken, not to be quoted.
if (!values.quick && values.only === undefined) writeResults(name, results)
process.exitCode = measures.some((measure) => verdict(measure) === 'short') ? 1 : 0

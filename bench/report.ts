import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import type { Spread } from './statistics.ts'

/** Measure is one line of the results; `baseline` is the median of what it is compared with, in its own unit, as text. */
export type Measure = {
  name: string
  value: number
  unit: string
  atLeast: number | null
  aim: number | null
  baseline: string | null
  spread: Spread | null
  /** Whether a smaller value is the better one. */
  smallerIsBetter: boolean
}

/** Results is what a run of a bench measured, where, and of which commit. */
export type Results = { commit: string; date: string; machine: string; measures: Measure[] }

/** resultsOf adds the commit, the date and the machine. */
export function resultsOf(measures: Measure[]): Results {
  const [cpu] = cpus()
  return {
    commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim(),
    date: new Date().toISOString(),
    machine: `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform}, Node ${process.version}`,
    measures,
  }
}

/** writeResults writes NAME.json and NAME.svg into bench/results. */
export function writeResults(name: string, results: Results): void {
  const folder = new URL('results/', import.meta.url)
  mkdirSync(folder, { recursive: true })
  const { measures, ...about } = results
  const json = {
    ...about,
    measures: measures.map(({ atLeast, smallerIsBetter: _, ...measure }) => ({
      name: measure.name,
      value: measure.value,
      unit: measure.unit,
      at_least: atLeast,
      aim: measure.aim,
      baseline: measure.baseline,
      spread: measure.spread,
    })),
  }
  writeFileSync(new URL(`${name}.json`, folder), `${JSON.stringify(json, null, 2)}\n`)
  writeFileSync(new URL(`${name}.svg`, folder), chart(results))
}

/** verdict tells whether a measure reaches what it must. */
export function verdict({ value, atLeast, aim, smallerIsBetter }: Measure): 'aim' | 'enough' | 'short' | '' {
  const reaches = (bound: number) => (smallerIsBetter ? value <= bound : value >= bound)
  if (atLeast === null || aim === null) return ''
  return reaches(aim) ? 'aim' : reaches(atLeast) ? 'enough' : 'short'
}

/** line is a measure as a line for the terminal. */
export function line(measure: Measure): string {
  const { name, value, unit, atLeast, aim, baseline, spread, smallerIsBetter } = measure
  const sign = smallerIsBetter ? '≤' : '≥'
  return [
    name.padEnd(30),
    `${formatted(value)} ${unit}`.padEnd(18),
    spread ? `(${formatted(spread.min)} to ${formatted(spread.max)})`.padEnd(24) : ''.padEnd(24),
    atLeast === null ? '' : `${sign} ${atLeast}, aim ${aim}`.padEnd(22),
    verdict(measure).padEnd(8),
    baseline ?? '',
  ].join(' ')
}

const formatted = (value: number) =>
  Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(2)

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

// One bar a measure on a logarithmic scale of "how many times what is asked for"; the line at 1 is what is asked for.
function chart({ commit, date, machine, measures }: Results): string {
  const bars = measures.filter((measure) => measure.atLeast !== null && measure.atLeast > 0)
  const row = 30
  const height = 70 + bars.length * row
  const left = 250
  const width = 860
  const scale = (times: number) => Math.max(2, Math.min(330, 110 + Math.log10(Math.max(times, 0.01)) * 110))
  const rows = bars.map((measure, index) => {
    const y = 48 + index * row
    const bound = measure.atLeast ?? 1
    const times = measure.smallerIsBetter ? bound / measure.value : measure.value / bound
    const aim = measure.smallerIsBetter ? bound / (measure.aim ?? bound) : (measure.aim ?? bound) / bound
    const colour = { aim: '#0f766e', enough: '#b7791f', short: '#c53030', '': '#718096' }[verdict(measure)]
    return `<text x="${left - 10}" y="${y + 15}" text-anchor="end">${escaped(measure.name)}</text>
<rect x="${left}" y="${y + 3}" width="${scale(times)}" height="16" rx="3" fill="${colour}"/>
<rect x="${left + scale(aim) - 1}" y="${y}" width="2" height="22" fill="currentColor" opacity="0.55"/>
<text x="${left + 345}" y="${y + 15}">${formatted(measure.value)} ${escaped(measure.unit)}, asked ${measure.smallerIsBetter ? '≤' : '≥'} ${bound}</text>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="Measures against what is asked for">
<style>svg{background:#fff;color:#1a202c}text{fill:#1a202c}</style>
<rect width="100%" height="100%" fill="#fff"/>
<text x="12" y="22" font-size="15" font-weight="600">How many times better than asked for (logarithmic; the mark is the aim)</text>
<rect x="${left + 110}" y="38" width="1" height="${bars.length * row}" fill="#1a202c" opacity="0.35"/>
${rows.join('\n')}
<text x="12" y="${height - 8}" font-size="11" opacity="0.7">${escaped(`${commit}, ${date.slice(0, 10)}, ${machine}`)}</text>
</svg>
`
}

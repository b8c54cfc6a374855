import { readFile, writeFile } from 'node:fs/promises'
import { z } from 'zod'

const exchange = z.object({
  /** Method and path without the query, with `:id` for the run's id. */
  request: z.string(),
  status: z.int(),
  type: z.string(),
  /** As the server wrote them, one HTTP chunk each. */
  chunks: z.array(z.string()),
})

const recording = z.object({ recordedFrom: z.string(), exchanges: z.array(exchange) })

/** Recording is what a WorkflowServer answered in one scenario, in the order of the requests. */
export type Recording = z.infer<typeof recording>

const fileOf = (name: string) => new URL(`recordings/${name}.json`, import.meta.url)

/** readRecording reads the recording of a scenario. */
export async function readRecording(name: string): Promise<Recording> {
  return recording.parse(JSON.parse(await readFile(fileOf(name), 'utf8')))
}

/** writeRecording keeps the recording of a scenario. */
export async function writeRecording(name: string, made: Recording): Promise<void> {
  await writeFile(fileOf(name), `${JSON.stringify(made, null, 2)}\n`)
}

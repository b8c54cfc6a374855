import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { engineRunId } from '../../src/modules/agent/engine-under-test.ts'
import { playScenario, workflowEngine } from '../../src/modules/agent/workflow/testing/engine-of-tests.ts'
import { type Recording, writeRecording } from '../../src/modules/agent/workflow/testing/recording.ts'
import { scenarios } from '../../src/modules/agent/workflow/testing/scenarios.ts'
import { startModelServer } from '../model-server.ts'
import { startPythonWorkflowServer } from './python-workflow-server.ts'

// `WORKFLOW_PYTHON=… node server/test/python/record.ts` records what a real WorkflowServer answers in every scenario.

const versions = execFileSync(process.env['WORKFLOW_PYTHON'] ?? 'python3', [
  '-c',
  `from importlib.metadata import version as v
print(", ".join(f"{n} {v(n)}" for n in ("llama-agents-server", "llama-index-workflows", "llama-index-core")))`,
])

/** startRecorder passes requests on to a server, and keeps what it answers. */
async function startRecorder(target: string) {
  const exchanges: Recording['exchanges'] = []
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk)
    const gone = new AbortController()
    response.on('close', () => gone.abort())
    const answer = await fetch(`${target}${incoming.url}`, {
      method: incoming.method ?? 'GET',
      headers: { 'content-type': 'application/json' },
      signal: gone.signal,
      ...(chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}),
    })
    const path = (incoming.url ?? '').split('?')[0]?.replace(engineRunId, ':id')
    const type = answer.headers.get('content-type') ?? ''
    const kept: Recording['exchanges'][number] = {
      request: `${incoming.method} ${path}`,
      status: answer.status,
      type,
      chunks: [],
    }
    exchanges.push(kept)
    response.writeHead(answer.status, { 'content-type': type })
    const decoder = new TextDecoder()
    try {
      for await (const chunk of answer.body ?? []) {
        kept.chunks.push(decoder.decode(chunk, { stream: true }))
        response.write(chunk)
      }
      response.end()
    } catch (error) {
      // A stopped run hangs up; what came until then is the recording.
      if (!gone.signal.aborted) throw error
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('expected a TCP port')
  return { url: `http://127.0.0.1:${address.port}`, exchanges, close: () => void server.close() }
}

const model = await startModelServer()
const python = await startPythonWorkflowServer(model.url)
try {
  for (const scenario of scenarios.filter(({ isLong }) => !isLong)) {
    const recorder = await startRecorder(python.url)
    model.enqueue(...scenario.model)
    const { events, failure, stopped } = await playScenario(
      workflowEngine(recorder.url, { workflow: scenario.workflow }).engine,
      scenario,
    )
    await writeRecording(scenario.name, { recordedFrom: versions.toString().trim(), exchanges: recorder.exchanges })
    recorder.close()
    const end = failure?.code ?? (stopped ? 'stopped' : 'complete')
    process.stdout.write(`${scenario.name}: ${events.length} events, ${end}\n`)
  }
} finally {
  await python.close()
  await model.close()
}
process.exit(0)

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { projectRoot } from '../../src/project-root.ts'

/** startPythonWorkflowServer runs examples/llamaindex/advisor.py over a model server, with the Python of WORKFLOW_PYTHON. */
export async function startPythonWorkflowServer(modelUrl: string): Promise<{ url: string; close(): Promise<void> }> {
  const python = process.env['WORKFLOW_PYTHON']
  if (!python) throw new Error('WORKFLOW_PYTHON is not set')
  const port = await freePort()
  const child = spawn(python, [join(projectRoot, 'examples/llamaindex/advisor.py')], {
    env: {
      ...process.env,
      PORT: String(port),
      LLM_BASE_URL: modelUrl,
      LLM_MODEL_NAME: 'test',
      PYTHONDONTWRITEBYTECODE: '1',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece: Buffer) => (output += piece))
  const exited = once(child, 'exit')
  const url = `http://127.0.0.1:${port}`
  // Importing LlamaIndex takes its time on a cold disk.
  for (const end = performance.now() + 120_000; ;) {
    if (child.exitCode !== null) throw new Error(`the workflow server ended:\n${output}`)
    const health = await fetch(`${url}/health`).catch(() => undefined)
    if (health?.ok) break
    if (performance.now() > end) throw new Error(`the workflow server does not answer:\n${output}`)
    await pause(100)
  }
  return {
    url,
    async close() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('expected a TCP port')
  server.close()
  await once(server, 'close')
  return address.port
}

import { isTerminal } from '../run-events.ts'
import type { RunFormat } from '../send-run.ts'
import { createUiRendering } from './ui-chunks.ts'

/** createUiFormat tells one reader of a run in the AI SDK's UI message stream, version 1, from the run's first event on. */
export function createUiFormat(): RunFormat {
  const render = createUiRendering()
  return {
    headers: { 'x-vercel-ai-ui-message-stream': 'v1' },
    write(writer, { event }) {
      const lines = render(event).map((chunk) => JSON.stringify(chunk))
      if (isTerminal(event)) lines.push('[DONE]')
      return lines.every((line) => writer.sendData(line))
    },
  }
}

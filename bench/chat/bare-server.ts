import { once } from 'node:events'
import { createServer } from 'node:http'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { streamText } from 'ai'
import { serveParent } from './serve-parent.ts'

// The baseline as a process of its own: `streamText` of the `ai` package piped to the response, and nothing else. No
// accounts, no database, no resuming. `/chat` pipes the UI message stream, that package's server-sent events for
// `useChat`; `/text` the bare text.

const [modelUrl = ''] = process.argv.slice(2)
const model = createOpenAICompatible({ name: 'llm', baseURL: modelUrl, includeUsage: true })('bench')

const server = createServer(async (request, response) => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const { content }: { content: string } = JSON.parse(Buffer.concat(chunks).toString())
  const aborted = new AbortController()
  response.once('close', () => aborted.abort())
  const result = streamText({ model, prompt: content, abortSignal: aborted.signal })
  if (request.url === '/text') await result.pipeTextStreamToResponse(response)
  else await result.pipeUIMessageStreamToResponse(response)
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const address = server.address()
if (address === null || typeof address === 'string') throw new Error('expected a TCP port')
serveParent({
  ready: { url: `http://127.0.0.1:${address.port}` },
  answer: async () => {
    globalThis.gc?.()
    globalThis.gc?.()
    return {}
  },
})

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { z } from 'zod'
import { startReplayServer, event } from '../src/modules/agent/workflow/testing/replay-server.ts'
import { openRunStream } from '../src/modules/chat/testing/run-stream.ts'
import { startTestServer } from './harness.ts'
import { calls, says, startModelServer } from './model-server.ts'

const attribute = z.object({
  key: z.string(),
  value: z.union([
    z.object({ stringValue: z.string() }).transform((value) => value.stringValue),
    z.object({ intValue: z.coerce.number() }).transform((value) => value.intValue),
  ]),
})
const spanSchema = z.looseObject({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  attributes: z.array(attribute).transform((list) => Object.fromEntries(list.map(({ key, value }) => [key, value]))),
})
const body = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: z.array(attribute) }),
      scopeSpans: z.array(z.object({ spans: z.array(spanSchema) })),
    }),
  ),
})

type CollectedSpan = z.infer<typeof spanSchema>

/** startCollector takes traces as an OpenTelemetry collector does; `status` is what it answers. */
async function startCollector(status = 200) {
  const bodies: string[] = []
  const headers: unknown[] = []
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk)
    if (incoming.url === '/v1/traces') bodies.push(Buffer.concat(chunks).toString())
    headers.push(incoming.headers['api-key'])
    response.writeHead(status, { 'content-type': 'application/json' }).end('{}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('expected a TCP port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    bodies,
    headers,
    spans: () =>
      bodies.flatMap((text) =>
        body.parse(JSON.parse(text)).resourceSpans.flatMap((one) => one.scopeSpans.flatMap(({ spans }) => spans)),
      ),
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** tree writes the spans below one as nested lists of names, in the order in which they began. */
function tree(spans: CollectedSpan[], parent: CollectedSpan): unknown[] {
  const children = spans.filter(({ parentSpanId }) => parentSpanId === parent.spanId)
  const begun = (span: CollectedSpan) => BigInt(String(span['startTimeUnixNano']))
  children.sort((a, b) => (begun(a) < begun(b) ? -1 : 1))
  return [parent.name, ...children.map((child) => tree(spans, child))]
}

async function answer(env: Record<string, string>, headers: Record<string, string> = {}) {
  const server = await startTestServer({ env })
  try {
    const owner = await server.owner({ name: 'Sari Rahasia' })
    const stream = await openRunStream(`${server.url}/api/v1/chat/completion`, {
      method: 'POST',
      headers: { authorization: `Bearer ${owner.token}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ content: 'My secret question' }),
    })
    const last = (await stream.rest()).at(-1)?.event
    return { owner, runId: stream.runId, last: last?.type }
  } finally {
    // What is left is sent before the server has closed.
    await server.close()
  }
}

// Wires the whole service and says whether a package of OpenTelemetry's SDK came with it.
const loadedByTheServer = `
import { registerHooks } from 'node:module'
let loaded = false
registerHooks({
  resolve(specifier, context, next) {
    if (/^@opentelemetry\\/(sdk|exporter|resources)/.test(specifier)) loaded = true
    return next(specifier, context)
  },
})
const { buildOpenApiDocument } = await import(${JSON.stringify(new URL('../src/app.ts', import.meta.url))})
await buildOpenApiDocument()
process.stdout.write(String(loaded))
process.exit(0)
`

const traceId = '0af7651916cd43dd8448eb211c80319c'
const traceparent = `00-${traceId}-b7ad6b7169203331-01`

test('one answer is one tree of spans, from the request to the model and the tools, with nothing of what was said', async () => {
  const collector = await startCollector()
  const model = await startModelServer()
  model.enqueue(calls({ name: 'get_business_summary' }, { name: 'Sari_Rahasia' }), says('A secret ', 'answer'))
  try {
    const env = {
      LLM_BASE_URL: model.url,
      LLM_MODEL_NAME: 'test-model',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'api-key=abc',
    }
    const { owner, runId, last } = await answer(env, { traceparent })
    assert.equal(last, 'done')
    const spans = collector.spans().filter((span) => span.traceId === traceId)
    const root = spans.find(({ parentSpanId }) => parentSpanId === 'b7ad6b7169203331')
    assert.ok(root)
    assert.deepEqual(tree(spans, root), [
      'POST /api/v1/chat/completion',
      [
        'invoke_agent advisor',
        ['step', ['chat test-model'], ['execute_tool get_business_summary']],
        ['step', ['chat test-model']],
      ],
    ])
    const attributesOf = (name: string) => spans.findLast((span) => span.name.startsWith(name))?.attributes
    assert.deepEqual(attributesOf('chat'), {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai_compatible',
      'gen_ai.request.model': 'test-model',
      'gen_ai.usage.input_tokens': 100,
      'gen_ai.usage.output_tokens': 2,
    })
    assert.deepEqual(attributesOf('invoke_agent'), {
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.name': 'advisor',
      'tangga.run.id': runId,
      'tangga.engine': 'test-model',
      'tangga.run.status': 'complete',
      'gen_ai.usage.input_tokens': 150,
      'gen_ai.usage.output_tokens': 7,
    })
    assert.equal(attributesOf('execute_tool')?.['gen_ai.tool.name'], 'get_business_summary')
    assert.deepEqual(root.attributes, {
      'http.request.method': 'POST',
      'http.route': '/api/v1/chat/completion',
      'http.response.status_code': 200,
    })

    // The model server was told which call it works for.
    const chats = spans
      .filter(({ name }) => name === 'chat test-model')
      .map(({ spanId }) => `00-${traceId}-${spanId}-01`)
    assert.deepEqual(model.requests.map(({ headers }) => headers['traceparent']).toSorted(), chats.toSorted())

    const everything = collector.bodies.join('')
    for (const secret of ['secret', 'Sari', 'Warung', owner.email, owner.user.id, owner.business.id, 'session'])
      assert.ok(!everything.includes(secret), `${secret} is in a trace`)
    assert.ok(collector.headers.every((key) => key === 'abc'))
  } finally {
    await model.close()
    collector.close()
  }
})

test('a failed answer is marked by its code', async () => {
  const collector = await startCollector()
  const model = await startModelServer()
  model.always({ status: 500 })
  try {
    const env = {
      LLM_BASE_URL: model.url,
      LLM_MODEL_NAME: 'm',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/v1/traces`,
    }
    assert.equal((await answer(env)).last, 'error')
    const spans = collector.spans()
    const failed = spans.filter(({ attributes }) => attributes['error.type'] === 'model_unavailable')
    assert.deepEqual(new Set(failed.map(({ name }) => name)), new Set(['chat m', 'invoke_agent advisor']))
    assert.doesNotMatch(collector.bodies.join(''), /scripted/)
  } finally {
    await model.close()
    collector.close()
  }
})

test('a workflow on another server is a span of the run, and joins the trace', async () => {
  const collector = await startCollector()
  const streams = [[event(0, 'AgentStream', { delta: 'Hi' }), event(1, 'StopEvent', { result: null }), 'end' as const]]
  const workflow = await startReplayServer({ start: [{ status: 409 }], streams })
  try {
    const env = {
      AGENT_WORKFLOW_URL: workflow.url,
      AGENT_WORKFLOW_NAME: 'advisor',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    }
    assert.equal((await answer(env)).last, 'done')
    const spans = collector.spans()
    const span = spans.find(({ name }) => name === 'invoke_workflow advisor')
    assert.equal(spans.find(({ spanId }) => spanId === span?.parentSpanId)?.name, 'invoke_agent advisor')
    assert.equal(workflow.requests[0]?.headers['traceparent'], `00-${span?.traceId}-${span?.spanId}-01`)
  } finally {
    await workflow.close()
    collector.close()
  }
})

test('a collector that fails or is gone harms no answer and no stop', async () => {
  const failing = await startCollector(500)
  const gone = await startCollector()
  gone.close()
  for (const collector of [failing, gone])
    assert.equal((await answer({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })).last, 'done')
  failing.close()
})

test('a share of 0 keeps no trace but those that a caller wants', async () => {
  const collector = await startCollector()
  try {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_TRACES_SAMPLER_ARG: '0' }
    await answer(env, { traceparent })
    const traces = new Set(collector.spans().map((span) => span.traceId))
    assert.deepEqual(traces, new Set([traceId]))
  } finally {
    collector.close()
  }
})

test('without a collector the SDK is not loaded, and nothing is passed on', async () => {
  const model = await startModelServer()
  model.always(says('Hi'))
  try {
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', loadedByTheServer])
    assert.equal(stdout, 'false')
    assert.equal((await answer({ LLM_BASE_URL: model.url, LLM_MODEL_NAME: 'm' }, { traceparent })).last, 'done')
    assert.equal(model.requests[0]?.headers['traceparent'], undefined)
  } finally {
    await model.close()
  }
})

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { createServer } from 'node:net'
import { EventEmitter, once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createLog } from '../../../../platform/logger.ts'
import { StartupRefusal } from '../../../../platform/startup-refusal.ts'
import { runInput } from '../../engine-under-test.ts'
import { createToolbox } from '../toolbox.ts'
import { mcpConfig, readMcpConfig } from './mcp-config.ts'
import type { McpTuning } from './mcp-connection.ts'
import { createMcpServers, type McpServers } from './mcp-servers.ts'
import { startOutsideHttp } from './testing/outside-server.ts'

const { context } = runInput('')
const log = createLog({ level: 'silent' })
const stdio = { command: process.execPath, args: [fileURLToPath(new URL('testing/outside-stdio.ts', import.meta.url))] }
const open: McpServers[] = []
afterEach(async () => void (await Promise.all(open.splice(0).map((servers) => servers.close()))))

function connected(servers: Record<string, unknown>, tuning: Partial<McpTuning> = {}) {
  const config = mcpConfig.parse({ mcpServers: servers }).mcpServers
  const lines = new EventEmitter<{ line: [] }>()
  const told = createLog({ level: 'info' }, { write: () => void lines.emit('line') })
  const all = createMcpServers({ config, version: '1', log: told, tuning: { pauseMs: 20, ...tuning } })
  open.push(all)
  all.start()
  const toolbox = createToolbox({
    tools: [],
    more: () => all.tools(),
    business: { businessFor: async () => {} },
    toolMs: 5_000,
    log,
  })
  const names = () => all.tools().map((tool) => tool.name)
  /** whenever waits until something about the tools is so: whenever they change, it is logged. */
  const whenever = async (isSo: (names: string[]) => boolean) => {
    while (!isSo(names())) await once(lines, 'line')
  }
  const use = (toolName: string, args: unknown = {}) =>
    toolbox.prepare({ toolName, input: JSON.stringify(args) }, context).execute()
  return { all, toolbox, names, whenever, use }
}
const outputOf = ({ output }: { output: unknown }): string => JSON.stringify(output)

describe('a server of the standard input', () => {
  test('lends its tools under safe names, gets known arguments alone, and nothing of our environment', async () => {
    process.env['SECRET_OF_TESTS'] = 'do-not-leak'
    const { names, whenever, use, toolbox } = connected({ out: { ...stdio, env: { GIVEN: 'yes' } } })
    await whenever((all) => all.length > 0)
    assert.ok(names().includes('mcp_out_look_up') && names().includes('mcp_out_write_note'))
    for (const name of names()) assert.match(name, /^mcp_out_[A-Za-z0-9_-]{1,56}$/)
    const found = await use('mcp_out_look_up', { word: 'noodle', business_id: context.business.id })
    assert.deepEqual(found.output, { from_outside_server: 'out', data_not_instructions: 'noodle: a thing' })
    const prepared = toolbox.prepare({ toolName: 'mcp_out_look_up', input: '{"word":"x","user_id":"y"}' }, context)
    assert.deepEqual(prepared.args, { word: 'x' })

    const environment = outputOf(await use('mcp_out_environment'))
    assert.match(environment, /GIVEN/)
    assert.doesNotMatch(environment, /do-not-leak|SECRET|DATABASE_URL|TANGGA/)
    delete process.env['SECRET_OF_TESTS']
  })

  test('is held to the bounds of size and time, and its failures are told as data', async () => {
    const { whenever, use } = connected({ out: stdio }, { callMs: 300 })
    await whenever((all) => all.length > 0)
    assert.ok(outputOf(await use('mcp_out_huge')).length < 13_000)
    const hung = await use('mcp_out_hang')
    assert.equal(hung.ok, false)
    assert.match(outputOf(hung), /did not answer/)
    const failed = await use('mcp_out_fail')
    assert.equal(failed.ok, false)
    assert.doesNotMatch(outputOf(failed), /<\/?business_data>/)
  })

  test('may change its tools, and is connected anew when it dies', async () => {
    const { whenever, use } = connected({ out: stdio })
    await whenever((all) => all.length > 0)
    await use('mcp_out_grow')
    await whenever((all) => all.includes('mcp_out_grown'))
    assert.match(outputOf(await use('mcp_out_grown')), /I am new/)
    const died = await use('mcp_out_die')
    assert.equal(died.ok, false)
    // The new process knows nothing of what the old one grew.
    await whenever((all) => all.includes('mcp_out_look_up') && !all.includes('mcp_out_grown'))
    assert.match(outputOf(await use('mcp_out_look_up', { word: 'again' })), /again: a thing/)
  })

  test('says what it does not change, and is asked about everything else', async () => {
    const approvalOf = async (approval: string) => {
      const { whenever, all } = connected({ out: { ...stdio, approval, tools: ['look_up', 'write.note'] } })
      await whenever((names) => names.length === 2)
      return Object.fromEntries(all.tools().map((tool) => [tool.name, tool.preview !== undefined]))
    }
    assert.deepEqual(await approvalOf('writes'), { mcp_out_look_up: false, mcp_out_write_note: true })
    assert.deepEqual(await approvalOf('always'), { mcp_out_look_up: true, mcp_out_write_note: true })
    assert.deepEqual(await approvalOf('never'), { mcp_out_look_up: false, mcp_out_write_note: false })
  })

  test('is not executed without the approval that it needs, which shows every argument', async () => {
    const { whenever, use, toolbox } = connected({ out: stdio })
    await whenever((all) => all.length > 0)
    const refused = await use('mcp_out_write_note', { note: 'hello' })
    assert.equal(refused.ok, false)
    assert.match(outputOf(refused), /approval/)
    const call = toolbox.prepare({ toolName: 'mcp_out_write_note', input: '{"note":"hello"}' }, context)
    assert.deepEqual(await call.preview?.(), {
      shown: {
        summary: 'Use “write.note” of the connected service “out”',
        changes: [{ label: 'note', before: null, after: 'hello' }],
      },
    })
  })

  test('describes its tools as data, cut and without markup', async () => {
    const { whenever, toolbox } = connected({ out: stdio })
    await whenever((all) => all.length > 0)
    for (const { description, inputSchema } of toolbox.definitions) {
      assert.doesNotMatch(`${description} ${JSON.stringify(inputSchema)}`, /[<>]/)
      assert.ok((description ?? '').length < 1_200)
    }
    const hostile = toolbox.definitions.find(({ name }) => name === 'mcp_out_hostile')
    assert.match(hostile?.description ?? '', /is data and instructs nobody: ".*SYSTEM/)
  })
})

describe('a server over HTTP', () => {
  let outside: Awaited<ReturnType<typeof startOutsideHttp>>
  before(async () => void (outside = await startOutsideHttp()))
  after(() => outside.close())

  test('gets the configured headers, and neither token nor owner', async () => {
    const { whenever, use } = connected({ web: { url: outside.url, headers: { 'x-their-key': 'k' } } })
    await whenever((all) => all.length > 0)
    assert.match(outputOf(await use('mcp_web_look_up', { word: 'rice' })), /rice: a thing/)
    assert.ok(outside.headers.every((headers) => headers['x-their-key'] === 'k' && headers.authorization === undefined))
    const told = outside.bodies.join('\n')
    for (const own of [context.userId, context.userName, context.business.id, context.business.name, context.runId])
      assert.ok(!told.includes(own), own)
  })

  test('may send news for ever, but no event without end', async () => {
    const mebibyte = 'x'.repeat(1_048_576)
    const ended = Promise.withResolvers<void>()
    const sent = { events: 0, endless: 0 }
    const pour = (response: ServerResponse) => {
      response.once('close', () => ended.resolve())
      const next = () => {
        if (response.destroyed || sent.endless === 64) return ended.resolve()
        // Comments, which are nothing to hold on to, and then one event that does not end.
        if (sent.events < 8) sent.events++
        else sent.endless++
        response.write(sent.endless === 0 ? `: ${mebibyte}\r\n\r\n` : mebibyte, next)
      }
      next()
    }
    const talkative = await startOutsideHttp(pour)
    connected({ talkative: { url: talkative.url } })
    await ended.promise
    assert.equal(sent.events, 8)
    assert.ok(sent.endless < 64, 'the endless event was taken')
    await Promise.all(open.splice(0).map((servers) => servers.close()))
    await talkative.close()
  })

  test('that hangs or is not there delays nothing, and another one works beside it', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const address = silent.address()
    assert.ok(typeof address === 'object' && address)
    const { names, whenever } = connected(
      {
        silent: { url: `http://127.0.0.1:${address.port}/mcp` },
        absent: { url: 'http://127.0.0.1:9/mcp' },
        missing: { command: '/nowhere/at-all' },
        web: { url: outside.url },
      },
      { answerMs: 500 },
    )
    assert.deepEqual(names(), [])
    await whenever((all) => all.some((name) => name.startsWith('mcp_web_')))
    assert.ok(names().every((name) => name.startsWith('mcp_web_')))
    await Promise.all(open.splice(0).map((servers) => servers.close()))
    silent.close()
  })
})

describe('mcp.json', () => {
  let folder: string
  before(async () => void (folder = await mkdtemp(join(tmpdir(), 'tangga-mcp-'))))
  after(() => rm(folder, { recursive: true, force: true }))

  test('is optional in the data folder, and not where it is named', async () => {
    assert.deepEqual(await readMcpConfig({ path: undefined, dataDir: folder }), {})
    await assert.rejects(readMcpConfig({ path: join(folder, 'none.json'), dataDir: folder }), StartupRefusal)
  })

  test('is read as other programs write it', async () => {
    const path = join(folder, 'mcp.json')
    await writeFile(
      path,
      JSON.stringify({
        mcpServers: {
          notes: { command: 'node', args: ['notes.js'] },
          shop: { type: 'http', url: 'https://shop.example/mcp', approval: 'always' },
          off: { command: 'x', disabled: true },
        },
      }),
    )
    const config = await readMcpConfig({ path: undefined, dataDir: folder })
    assert.deepEqual(Object.keys(config), ['notes', 'shop'])
    assert.equal(config['notes']?.approval, 'writes')
    assert.equal(config['shop']?.approval, 'always')
  })

  const refused: Record<string, string> = {
    'what is not JSON': '{',
    'a server without an address': '{"mcpServers":{"a":{"headers":{"authorization":"secret-4711"}}}}',
    'a name that would not fit': '{"mcpServers":{"a b":{"command":"x"}}}',
    'an address of another kind': '{"mcpServers":{"a":{"url":"file:///etc/passwd"}}}',
    'what is not understood': '{"mcpServers":{"a":{"command":"x","env":{"K":"secret-4711"},"surprise":1}}}',
  }
  for (const [name, content] of Object.entries(refused))
    test(`is refused with one line for ${name}, which repeats no secret`, async () => {
      const path = join(folder, 'bad.json')
      await writeFile(path, content)
      await assert.rejects(readMcpConfig({ path, dataDir: folder }), (error) => {
        assert.ok(error instanceof StartupRefusal)
        assert.doesNotMatch(error.message, /secret-4711|\n/)
        return true
      })
    })
})

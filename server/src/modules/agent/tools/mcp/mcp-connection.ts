import type { JSONValue } from '@ai-sdk/provider'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import type { Log } from '../../../../platform/logger.ts'
import { type Tool, ToolError } from '../tool.ts'
import type { McpServer } from './mcp-config.ts'
import { callResult, mcpTool, offeredTool } from './mcp-tool.ts'

/** McpTuning bounds what a server may take; tests make it small. */
export type McpTuning = {
  /** For connecting and for each question but calls. */
  answerMs: number
  callMs: number
  /** The pause before the first attempt to connect again; it doubles up to `longestPauseMs`. */
  pauseMs: number
  longestPauseMs: number
}

/** defaultMcpTuning are the bounds of a running service. */
export const defaultMcpTuning: McpTuning = { answerMs: 10_000, callMs: 14_000, pauseMs: 1_000, longestPauseMs: 60_000 }

/** MOST_TOOLS is how many tools of one server are offered. */
export const MOST_TOOLS = 40

const MOST_PAGES = 10
const MESSAGE_BYTES = 2_000_000

/** McpConnection is one server: its tools while it is reachable, none while it is not. */
export type McpConnection = { tools(): readonly Tool[]; start(): void; close(): Promise<void> }

/**
 * createMcpConnection keeps a server connected in the background once started: it connects, reads its tools again whenever
 * they change, and connects anew, with growing pauses, when it fails or goes away. Nobody waits for it.
 */
export function createMcpConnection(options: {
  name: string
  server: McpServer
  version: string
  tuning: McpTuning
  log: Log
}): McpConnection {
  const { name, server, tuning } = options
  const log = options.log.child({ mcpServer: name })
  let tools: readonly Tool[] = []
  let client: Client | undefined
  let closed = false
  let failures = 0
  let timer: NodeJS.Timeout | undefined

  async function connect(): Promise<void> {
    // Without capabilities of ours a server can ask us for nothing: no model, no files, no person.
    const fresh = new Client({ name: 'tangga', version: options.version }, { capabilities: {} })
    client = fresh
    try {
      let reading = Promise.resolve()
      fresh.setNotificationHandler(ToolListChangedNotificationSchema, () => {
        // One reading at a time, however often a server says so.
        reading = reading
          .then(() => readTools(fresh))
          .then(() => log.info({ tools: tools.length }, 'an MCP server has changed its tools'))
          .catch((error: unknown) => giveUp(fresh, error))
      })
      // Not an event target: this is the library's own way.
      // oxlint-disable-next-line unicorn/prefer-add-event-listener
      fresh.onclose = () => giveUp(fresh, new Error('it has closed the connection'))
      await fresh.connect(transportTo(server), { timeout: tuning.answerMs })
      await readTools(fresh)
      failures = 0
      log.info({ tools: tools.length }, 'an MCP server is connected')
    } catch (error) {
      giveUp(fresh, error)
    }
  }

  async function readTools(from: Client): Promise<void> {
    const offered = []
    let cursor: string | undefined
    for (let page = 0; page < MOST_PAGES; page++) {
      const answer = await from.listTools(cursor === undefined ? {} : { cursor }, { timeout: tuning.answerMs })
      offered.push(...answer.tools)
      cursor = answer.nextCursor
      if (cursor === undefined || offered.length >= MOST_TOOLS * 5) break
    }
    if (client !== from) return
    const taken = new Set<string>()
    tools = offered
      .flatMap((tool) => offeredTool.safeParse(tool).data ?? [])
      .filter((tool) => server.tools?.includes(tool.name) ?? true)
      .slice(0, MOST_TOOLS)
      .flatMap((tool) => mcpTool({ serverName: name, server, offered: tool, taken, call }) ?? [])
  }

  async function call(tool: string, args: Record<string, JSONValue>) {
    if (!client) throw new ToolError(`The server ${name} cannot be reached right now.`)
    try {
      return callResult.parse(
        await client.callTool({ name: tool, arguments: args }, undefined, { timeout: tuning.callMs }),
      )
    } catch (error) {
      log.warn({ err: error instanceof Error ? error.message : 'unknown', tool }, 'a call of an MCP server failed')
      throw new ToolError(`The server ${name} did not answer as it should. It is not known whether it did anything.`)
    }
  }

  /** giveUp forgets a connection that is of no use any more, once, and plans the next. */
  function giveUp(old: Client, reason: unknown): void {
    if (client !== old) return
    client = undefined
    tools = []
    log.warn({ err: reason instanceof Error ? reason.message : 'unknown' }, 'an MCP server cannot be used')
    old.close().catch(() => log.debug('an MCP server did not close well'))
    if (closed) return
    const pauseMs = Math.min(tuning.pauseMs * 2 ** Math.min(failures++, 16), tuning.longestPauseMs)
    timer = setTimeout(() => void connect(), pauseMs)
    timer.unref()
  }

  return {
    tools: () => tools,
    start: () => void connect(),
    async close() {
      closed = true
      clearTimeout(timer)
      const last = client
      client = undefined
      tools = []
      await last?.close()
    },
  }
}

function transportTo(server: McpServer): Transport {
  if ('command' in server) {
    const { command, args, env, cwd } = server
    // The child gets the library's short list (HOME, LOGNAME, PATH, SHELL, TERM, USER) and what is configured.
    return new StdioClientTransport({
      command,
      args,
      env,
      stderr: 'ignore',
      maxBufferSize: MESSAGE_BYTES,
      ...(cwd === undefined ? {} : { cwd }),
    })
  }
  return new StreamableHTTPClientTransport(new URL(server.url), {
    // A redirect would take the configured headers to somebody else.
    requestInit: { headers: server.headers, redirect: 'error' },
    fetch: boundedFetch,
  })
}

const LINE_FEED = 10
const CARRIAGE_RETURN = 13

/** boundedFetch ends an answer that grows beyond any sense; of a stream that stays open, an event that does. */
async function boundedFetch(address: string | URL, init?: RequestInit): Promise<Response> {
  const response = await fetch(address, init)
  if (!response.body) return response
  const staysOpen = init?.method === 'GET'
  let bytes = 0
  let isLineEmpty = false
  const bounded = response.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        bytes += chunk.byteLength
        if (staysOpen)
          for (const [at, byte] of chunk.entries()) {
            // An event ends with an empty line.
            if (byte === LINE_FEED && isLineEmpty) bytes = chunk.byteLength - at - 1
            isLineEmpty = byte === LINE_FEED || (isLineEmpty && byte === CARRIAGE_RETURN)
          }
        if (bytes > MESSAGE_BYTES) controller.error(new Error('the answer is too long'))
        else controller.enqueue(chunk)
      },
    }),
  )
  return new Response(bounded, response)
}

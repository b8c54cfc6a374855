import type { Log } from '../../../../platform/logger.ts'
import type { Tool } from '../tool.ts'
import type { McpConfig } from './mcp-config.ts'
import { createMcpConnection, defaultMcpTuning, type McpTuning } from './mcp-connection.ts'

/** MOST_OUTSIDE_TOOLS is how many tools of all servers together a model is told of. */
export const MOST_OUTSIDE_TOOLS = 80

/** McpServers are all connected servers. */
export type McpServers = ReturnType<typeof createMcpServers>

/** createMcpServers connects the configured servers, in the background and each by itself. */
export function createMcpServers(options: {
  config: McpConfig
  version: string
  log: Log
  tuning?: Partial<McpTuning>
}) {
  const tuning = { ...defaultMcpTuning, ...options.tuning }
  const { version, log } = options
  const connections = Object.entries(options.config).map(([name, server]) =>
    createMcpConnection({ name, server, version, tuning, log }),
  )
  return {
    /** tools are those that can be called right now; no two have the same name. */
    tools(): readonly Tool[] {
      const byName = new Map<string, Tool>()
      for (const tool of connections.flatMap((connection) => connection.tools()))
        if (!byName.has(tool.name)) byName.set(tool.name, tool)
      return [...byName.values()].slice(0, MOST_OUTSIDE_TOOLS)
    },
    /** start returns at once, whatever the servers do. */
    start: () => connections.forEach((connection) => connection.start()),
    close: async () => void (await Promise.allSettled(connections.map((connection) => connection.close()))),
  }
}

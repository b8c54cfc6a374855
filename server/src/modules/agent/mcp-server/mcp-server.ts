import type { Settings } from '../../../platform/config.ts'
import type { Log } from '../../../platform/logger.ts'
import type { User } from '../../auth/index.ts'
import type { Business } from '../../business/index.ts'
import type { Tool } from '../tools/tool.ts'
import { createToolbox } from '../tools/toolbox.ts'
import { createMcpEndpoint, mayGoOut } from './mcp-endpoint.ts'
import { serveMcp } from './serve-mcp.ts'

/** createMcpServer offers the advisor's tools to agents outside, over the Model Context Protocol. */
export function createMcpServer(deps: {
  agent: { tools: Tool[]; limits: { toolMs: number } }
  business: { businessFor(userId: string, businessId: string): Promise<Business> }
  findUser(userId: string): Promise<User | undefined>
  settings: Pick<Settings, 'publicUrl' | 'corsOrigins'>
  log: Log
  version: string
}) {
  const { agent, business, findUser, settings, log, version } = deps
  const tools = agent.tools.filter(mayGoOut)
  // A box of its own, so that no agent outside can reach what is not offered to it.
  const toolbox = createToolbox({ tools, business, toolMs: agent.limits.toolMs, log })
  const endpoint = createMcpEndpoint({ tools, toolbox, findUser, business, version })
  return { routes: serveMcp({ endpoint, settings }) }
}

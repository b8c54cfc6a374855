import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { StartupRefusal } from '../../../../platform/startup-refusal.ts'

const common = {
  disabled: z.boolean().default(false),
  /**
   * When the owner is asked: for tools that are not annotated as read-only (`writes`), for all, or for none. What a server
   * says of its own tools is believed as far as this goes.
   */
  approval: z.enum(['writes', 'always', 'never']).default('writes'),
  /** Only these of its tools, by their own names; all without it. */
  tools: z.array(z.string().min(1).max(200)).max(100).optional(),
}

const stdioServer = z.strictObject({
  ...common,
  type: z.literal('stdio').optional(),
  command: z.string().min(1),
  args: z.array(z.string()).default([]),
  /** All that the process gets beside PATH, HOME and the like: nothing else of our own environment. */
  env: z.record(z.string(), z.string()).default({}),
  cwd: z.string().min(1).optional(),
})

const httpServer = z.strictObject({
  ...common,
  type: z.enum(['http', 'streamable-http']).optional(),
  url: z.url({ protocol: /^https?$/ }),
  headers: z.record(z.string(), z.string()).default({}),
})

/** mcpConfig is the content of `mcp.json`: servers by name, written as other programs write them. */
export const mcpConfig = z.strictObject({
  mcpServers: z
    .record(
      z.string().regex(/^[A-Za-z0-9_-]{1,24}$/, 'must be 1 to 24 letters, digits, _ or -'),
      z.union([stdioServer, httpServer]),
    )
    .refine((servers) => Object.keys(servers).length <= 20, 'at most 20 servers'),
})

/** McpConfig is which servers are connected, by name. */
export type McpConfig = z.output<typeof mcpConfig>['mcpServers']
/** McpServer is one server as configured. */
export type McpServer = McpConfig[string]

/**
 * readMcpConfig reads the file that `MCP_CONFIG` names, or `mcp.json` in the data folder where there is one. A file that
 * cannot be read, or says something that is not understood, is refused in one line that repeats no value of it.
 */
export async function readMcpConfig(from: { path: string | undefined; dataDir: string }): Promise<McpConfig> {
  const path = from.path ?? join(from.dataDir, 'mcp.json')
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (from.path === undefined && error instanceof Error && 'code' in error && error.code === 'ENOENT') return {}
    throw new StartupRefusal(`The MCP servers cannot be read from ${path}. Set MCP_CONFIG to a readable file.`)
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new StartupRefusal(`${path} is not JSON.`)
  }
  const { data, error } = mcpConfig.safeParse(value)
  if (data) return Object.fromEntries(Object.entries(data.mcpServers).filter(([, server]) => !server.disabled))
  const reasons = error.issues.slice(0, 3).map((issue) => `${issue.path.join('.') || 'the file'}: ${issue.message}`)
  throw new StartupRefusal(`${path} is refused. ${reasons.join('; ')}`)
}

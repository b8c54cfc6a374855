import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { outsideServer } from './outside-server.ts'

// An MCP server as a process of its own, for tests.
await outsideServer().connect(new StdioServerTransport())

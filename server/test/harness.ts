import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { createApp, type Tangga } from '../src/app.ts'
import type { AgentEngine } from '../src/modules/agent/engine.ts'
import type { AgentLimits, McpConfig } from '../src/modules/agent/index.ts'
import type { WebhookTuning } from '../src/modules/webhooks/index.ts'
import type { Clock } from '../src/platform/clock.ts'
import { loadSettings } from '../src/platform/config.ts'
import { openPool, pgErrorCode, type Store } from '../src/platform/db/database.ts'
import { createLog } from '../src/platform/logger.ts'

/** testPassword is what every person of the tests signs in with. */
export const testPassword = 'a-long-enough-password'

const adminEmail = 'admin@example.org'

/** Answer is an HTTP answer, read whole; `json` is untyped on purpose: tests assert on what is there. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Answer = { status: number; headers: Headers; text: string; json: any }

type CallOptions = { token?: string | undefined; body?: unknown; headers?: Record<string, string> }

type TestServerOptions = {
  /** Environment variables of the server; limits, and titles by the model, are off unless given. */
  env?: Record<string, string>
  clock?: Clock
  engine?: AgentEngine
  webhooks?: WebhookTuning
  agentLimits?: Partial<AgentLimits>
  mcp?: McpConfig
  /** The database of another test server, to start a second one beside it. */
  databaseUrl?: string
}

/** TestServer is a running service with helpers to call it. */
export type TestServer = Awaited<ReturnType<typeof startTestServer>>

/** createTestDatabase makes a database of its own from the migrated template and returns its connection string. */
export async function createTestDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const base = required('TANGGA_TEST_DATABASE_URL')
  const template = required('TANGGA_TEST_TEMPLATE')
  // Named after the template, so that the runner can drop what a killed test has left behind.
  const name = `${template}_${randomUUID().replaceAll('-', '')}`
  await onServer(base, `CREATE DATABASE ${name} TEMPLATE ${template}`)
  const url = new URL(base)
  url.pathname = `/${name}`
  return {
    url: url.href,
    async drop() {
      await onServer(base, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`).catch((error: unknown) => {
        // An autovacuum worker is in it, which only a superuser may end. The runner drops what is left.
        if (pgErrorCode(error) !== '42501') throw error
      })
    },
  }
}

/** startTestServer boots the real service on a loopback port with a database of its own; close it yourself. */
export async function startTestServer(options: TestServerOptions = {}) {
  const database = options.databaseUrl ? { url: options.databaseUrl, drop: async () => {} } : await createTestDatabase()
  const settings = loadSettings({
    LOGIN_LIMIT_PER_MINUTE: '0',
    REGISTER_LIMIT_PER_MINUTE: '0',
    CHAT_LIMIT_PER_MINUTE: '0',
    CHAT_LIMIT_PER_DAY: '0',
    API_LIMIT_PER_MINUTE: '0',
    RUNS_PER_OWNER: '0',
    STREAMS_PER_OWNER: '0',
    // A test that scripts the model counts its calls.
    LLM_TITLES: '0',
    ADMIN_EMAIL: adminEmail,
    ADMIN_PASSWORD: testPassword,
    LOG_LEVEL: 'silent',
    ...options.env,
    DATABASE_URL: database.url,
    PORT: '0',
  })
  const store: Store = openPool({ connectionString: database.url }, () => {})
  const app: Tangga = await createApp({
    settings,
    store,
    databaseKind: 'postgres',
    secretKey: 'a secret key of the tests, long enough',
    log: createLog({ level: settings.logLevel }),
    ...(options.clock ? { clock: options.clock } : {}),
    ...(options.engine ? { engine: options.engine } : {}),
    ...(options.mcp ? { mcp: options.mcp } : {}),
    ...(options.agentLimits ? { agentLimits: options.agentLimits } : {}),
    ...(options.webhooks ? { webhooks: options.webhooks } : {}),
  })
  await app.auth.ensureFirstAdmin()
  const { boardWarm } = await app.start()
  const url = await app.http.listen({ host: '127.0.0.1', port: 0 })

  /** api calls an address of the API, with or without its `/api/v1`, or a whole one of this server. */
  async function api(method: string, path: string, { token, body, headers }: CallOptions = {}): Promise<Answer> {
    const address = path.startsWith('/api') ? `${url}${path}` : path.startsWith(url) ? path : `${url}/api/v1${path}`
    const response = await fetch(address, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, json: parsed(text) }
  }

  async function login(email: string, password = testPassword): Promise<string> {
    const answer = await api('POST', '/auth/login', { body: { email, password } })
    if (answer.status !== 200) throw new Error(`login of ${email} answered ${answer.status}: ${answer.text}`)
    return answer.json.access_token
  }

  return {
    url,
    /** boardWarm resolves when ranks are answered from memory. */
    boardWarm,
    databaseUrl: database.url,
    store,
    db: store.db,
    pool: store.pool,
    app,
    settings,
    api,
    login,
    adminToken: () => login(adminEmail),
    /** owner registers a person and, unless told not to, a business. */
    async owner({
      email = `${randomUUID()}@example.org`,
      name = 'Sari Dewi',
      business = true,
    }: { email?: string; name?: string; business?: boolean | Record<string, unknown> } = {}) {
      const registered = await api('POST', '/auth/register', { body: { email, password: testPassword, name } })
      if (registered.status !== 201) throw new Error(`register answered ${registered.status}: ${registered.text}`)
      const token = await login(email)
      const body = {
        business_name: 'Warung Sari',
        business_category: 'Food & Beverage',
        business_stage: 'Operational',
        ...(typeof business === 'object' ? business : {}),
      }
      const profile = business ? await api('POST', '/business/profile', { token, body }) : undefined
      return { email, token, user: registered.json, business: profile?.json }
    },
    async close() {
      await app.close()
      await store.pool.end()
      await database.drop()
    },
  }
}

function parsed(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text)
  } catch {
    return text
  }
}

function required(name: string): string {
  const value = process.env[name]
  if (!value)
    throw new Error(`${name} is not set: run the tests with "npm test -- <paths>", which starts a database for them.`)
  return value
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

import { isIP } from 'node:net'
import { z } from 'zod'
import { fieldMessage } from './field-message.ts'
import { StartupRefusal } from './startup-refusal.ts'

const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean),
)

const httpUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http(s) address' })
  .transform((text) => text.replace(/\/+$/, ''))

// Written out in digits: `Number` would take a blank for 0, which is no limit at all.
const whole = (most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().max(most))

const secondsOf = (fallback: number) => whole(3_600).pipe(z.int().min(1)).default(fallback)

const limit = (fallback: number) => whole(1_000_000).default(fallback)

const knownCurrencies = new Set(Intl.supportedValuesOf('currency'))

/** isTimeZone tells whether this machine knows the IANA time zone of that name. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return /^[A-Za-z]/.test(name)
  } catch {
    return false
  }
}

/** isCurrency tells whether the text is an ISO 4217 code in upper case. */
export const isCurrency = (code: string) => knownCurrencies.has(code)

function isRange(text: string): boolean {
  const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const version = isIP(address)
  return version !== 0 && Number(bits ?? 0) <= (version === 4 ? 32 : 128)
}

// Hops as a number, or a comma-separated list of addresses and CIDR ranges.
const trustProxy = z.string().transform((text, context) => {
  if (/^\d+$/.test(text)) return Number(text)
  const entries = text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)
  const named = new Set(['loopback', 'linklocal', 'uniquelocal'])
  if (entries.length > 0 && entries.every((entry) => named.has(entry) || isRange(entry))) return entries
  context.addIssue({ code: 'custom', message: 'must be a number of hops, or addresses and CIDR ranges' })
  return z.NEVER
})

// As browsers write them, in lower case and without the port that goes without saying, so that they can be compared.
const origins = list.transform((values, context) => {
  const canonical = values.map((value) => (URL.canParse(value) ? new URL(value) : undefined))
  if (canonical.every((url) => url && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`))
    return canonical.flatMap((url) => url?.origin ?? [])
  context.addIssue({ code: 'custom', message: 'must be origins such as https://app.example.org, comma-separated' })
  return z.NEVER
})

const provider = z.enum(['openai-compatible', 'anthropic', 'google'])

// One model as it is named in LLM_FALLBACKS.
const modelAddress = z
  .strictObject({
    provider: provider.default('openai-compatible'),
    model: z.string().min(1),
    base_url: httpUrl.optional(),
    api_key: z.string().min(1).optional(),
  })
  .superRefine((address, context) => {
    const [path, message] = missingOf(address.provider, address.base_url, address.api_key) ?? []
    if (path && message) context.addIssue({ code: 'custom', path: [path], message })
  })
  .transform(({ base_url: baseUrl, api_key: apiKey, ...address }) => ({ ...address, baseUrl, apiKey }))

// What a model cannot be asked without: of compatible servers their address, of the others the key.
function missingOf(kind: z.output<typeof provider>, baseUrl: string | undefined, apiKey: string | undefined) {
  if (kind === 'openai-compatible') return baseUrl ? undefined : (['base_url', 'is required with it'] as const)
  return apiKey ? undefined : (['api_key', `is required with the provider ${kind}`] as const)
}

/** ModelAddress is one language model: who serves it, its name there, and where and with which key it is asked. */
export type ModelAddress = z.output<typeof modelAddress>

const fallbacks = z
  .string()
  .transform((text, context) => {
    try {
      return z.json().parse(JSON.parse(text))
    } catch {
      // Not the parser's own words: they quote what they could not read, which may be a key.
      context.addIssue({ code: 'custom', message: 'must be JSON: [{"provider", "model", "base_url", "api_key"}, …]' })
      return z.NEVER
    }
  })
  .pipe(z.array(modelAddress).max(5))
const pricePerMillion = /^\d{1,9}(\.\d{1,6})?$/

// Split at the last =, since names of models may hold anything but a comma.
const prices = list.transform((entries, context) =>
  entries.map((entry) => {
    const [, model = '', input = '', output = ''] = /^(.+)=([^=/]+)\/([^=/]+)$/.exec(entry) ?? []
    if (!pricePerMillion.test(input) || !pricePerMillion.test(output))
      context.addIssue({
        code: 'custom',
        message: 'must be entries such as gpt-x=1.25/10 or *=0.5/1.5, comma-separated',
      })
    return { model: model.trim(), input, output }
  }),
)

// As OpenTelemetry writes them: values are percent-encoded.
const headers = list.transform((entries, context) => {
  const pairs = entries.map((entry) => /^([\w!#$%&'*+.^`|~-]+)\s*=\s*([\x20-\x7e]*)$/.exec(entry))
  try {
    return Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? refuse(), decodeURIComponent(pair?.[2] ?? '')]))
  } catch {
    context.addIssue({ code: 'custom', message: 'must be name=value pairs, comma-separated' })
    return z.NEVER
  }
})

function refuse(): never {
  throw new Error('not a header')
}

/** environment describes every setting; its keys are the names of the environment variables. */
export const environment = z.object({
  HOST: z.string().min(1).default('127.0.0.1').describe('address to listen on'),
  PORT: whole(65_535).default(8000).describe('port to listen on'),
  PUBLIC_URL: httpUrl.optional().describe('address that people use: links and `Secure` cookies'),
  TRUST_PROXY: trustProxy
    .optional()
    .describe('hops, or addresses and CIDR ranges, whose `X-Forwarded-For` is believed'),
  DATA_DIR: z.string().min(1).default('./data').describe('folder of the embedded database and the generated secret'),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must start with postgres://')
    .optional()
    .describe('PostgreSQL (15 or newer) to use instead of the embedded one'),
  REDIS_URL: z
    .string()
    .regex(/^rediss?:\/\//, 'must start with redis://')
    .optional()
    .describe('Redis shared by several instances'),
  SECRET_KEY: z.string().min(32, 'must have at least 32 characters').optional().describe('signs tokens'),
  ADMIN_EMAIL: z.email().max(254).default('admin@tangga.localhost').describe('first admin'),
  ADMIN_PASSWORD: z.string().min(8).max(200).optional().describe('password of the first admin'),
  LLM_PROVIDER: provider
    .default('openai-compatible')
    .describe('who serves the model: `openai-compatible`, `anthropic` or `google`'),
  LLM_BASE_URL: httpUrl
    .optional()
    .describe('model server; with `openai-compatible`, none means the offline advisor; the others have their own'),
  LLM_API_KEY: z.string().min(1).optional().describe('key of the model server'),
  LLM_MODEL_NAME: z.string().min(1).optional().describe('model to ask for'),
  LLM_FALLBACKS: fallbacks
    .default([])
    .describe('models to ask, in this order, when the one before fails before its first word; JSON'),
  LLM_FIRST_TOKEN_SECONDS: secondsOf(60).describe('longest wait for the first sign of an answer'),
  LLM_STALL_SECONDS: secondsOf(30).describe('longest silence inside an answer'),
  LLM_STEP_SECONDS: secondsOf(180).describe('one answer of the model; a run has several when tools are called'),
  LLM_RUN_SECONDS: secondsOf(300).describe('a whole run, tools included'),
  LLM_PROMPT_TOKENS: whole(1_000_000)
    .pipe(z.int().min(8_000))
    .default(16_000)
    .describe('most tokens, estimated, that are sent with one request'),
  AGENT_WORKFLOW_URL: httpUrl
    .optional()
    .describe('LlamaIndex WorkflowServer that answers in place of the built-in loop'),
  AGENT_WORKFLOW_NAME: z.string().min(1).max(200).optional().describe('workflow to run there'),
  AGENT_WORKFLOW_API_KEY: z.string().min(1).optional().describe('sent there as a bearer token'),
  AGENT_WORKFLOW_TIMEOUT_SECONDS: whole(300)
    .refine((seconds) => seconds > 0, 'must be at least 1')
    .default(300)
    .describe('longest answer of the workflow'),
  LLM_TITLES: z
    .enum(['0', '1'])
    .default('1')
    .describe('`0` leaves conversations titled by their first message, which saves a call of the model each'),
  LLM_PRICES: prices
    .default([])
    .describe('prices a million tokens, `model=input/output`, comma-separated; `*` is any other model'),
  LLM_PRICE_CURRENCY: z
    .string()
    .refine(isCurrency, 'must be an ISO 4217 code')
    .default('USD')
    .describe('currency of LLM_PRICES'),
  DEFAULT_TIME_ZONE: z
    .string()
    .refine(isTimeZone, 'must be an IANA time zone')
    .default('UTC')
    .describe('of new businesses; its midnight begins a new day of budgets'),
  DEFAULT_CURRENCY: z
    .string()
    .refine(isCurrency, 'must be an ISO 4217 code')
    .default('USD')
    .describe('of new businesses'),
  DEFAULT_LOCALE: z.enum(['en', 'id']).default('en').describe('of new users'),
  DEMO_DATA: z
    .enum(['', '0', '1'])
    .default('')
    .describe('`1` seeds demo people, businesses and history at first start'),
  CORS_ORIGINS: origins.default([]).describe('allowed browser origins, comma-separated'),
  LOGIN_LIMIT_PER_MINUTE: limit(10).describe('failed logins for one e-mail, and tenfold for one address'),
  REGISTER_LIMIT_PER_MINUTE: limit(10).describe('registrations from one address'),
  CHAT_LIMIT_PER_MINUTE: limit(20).describe('messages of one owner'),
  CHAT_LIMIT_PER_DAY: limit(300).describe('messages of one owner'),
  RUNS_PER_OWNER: limit(3).describe('live runs of one owner'),
  MAX_LIVE_RUNS: limit(500).describe('live runs of one process'),
  STREAMS_PER_OWNER: limit(8).describe('open streams of one owner'),
  API_LIMIT_PER_MINUTE: limit(1200).describe('all calls of one caller'),
  MCP_CONFIG: z
    .string()
    .min(1)
    .optional()
    .describe('file that names MCP servers whose tools the advisor may use; `mcp.json` in `DATA_DIR` without it'),
  WEBHOOK_ALLOW_PRIVATE: z
    .enum(['', '0', '1'])
    .default('')
    .describe('`1` lets webhooks go to http and to private, loopback and link-local addresses'),
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl.optional().describe('OpenTelemetry collector (OTLP over HTTP) that gets traces'),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: httpUrl.optional().describe('the same for traces alone, used as it stands'),
  OTEL_EXPORTER_OTLP_HEADERS: headers.optional().describe('headers for the collector, `name=value`, comma-separated'),
  OTEL_SERVICE_NAME: z.string().min(1).max(200).default('tangga').describe('name of this service in traces'),
  OTEL_TRACES_SAMPLER_ARG: z
    .string()
    .regex(/^(0|1|0?\.\d{1,6}|1\.0+)$/, 'must be a number from 0 to 1')
    .transform(Number)
    .default(1)
    .describe('share of traces that is kept'),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe('least level that is logged'),
  NODE_ENV: z.string().optional().describe('`production` requires `SECRET_KEY` beside `DATABASE_URL`'),
})

const settings = environment
  .superRefine((env, context) => {
    const need = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message })
    if (env.REDIS_URL && !env.SECRET_KEY) need('SECRET_KEY', 'is required with REDIS_URL')
    if (env.DATABASE_URL && env.NODE_ENV === 'production' && !env.SECRET_KEY)
      need('SECRET_KEY', 'is required with DATABASE_URL in production')
    if (env.LLM_BASE_URL && !env.LLM_MODEL_NAME) need('LLM_MODEL_NAME', 'is required with LLM_BASE_URL')
    if (env.LLM_PROVIDER !== 'openai-compatible') {
      if (!env.LLM_MODEL_NAME) need('LLM_MODEL_NAME', `is required with LLM_PROVIDER=${env.LLM_PROVIDER}`)
      if (!env.LLM_API_KEY) need('LLM_API_KEY', `is required with LLM_PROVIDER=${env.LLM_PROVIDER}`)
    } else if (env.LLM_FALLBACKS.length > 0 && !env.LLM_BASE_URL) {
      need('LLM_BASE_URL', 'is required with LLM_FALLBACKS')
    }
    if (env.AGENT_WORKFLOW_URL && !env.AGENT_WORKFLOW_NAME)
      need('AGENT_WORKFLOW_NAME', 'is required with AGENT_WORKFLOW_URL')
  })
  .transform((env) => ({
    host: env.HOST,
    port: env.PORT,
    publicUrl: env.PUBLIC_URL,
    trustProxy: env.TRUST_PROXY,
    dataDir: env.DATA_DIR,
    databaseUrl: env.DATABASE_URL,
    redisUrl: env.REDIS_URL,
    secretKey: env.SECRET_KEY,
    adminEmail: env.ADMIN_EMAIL,
    adminPassword: env.ADMIN_PASSWORD,
    llmProvider: env.LLM_PROVIDER,
    llmBaseUrl: env.LLM_BASE_URL,
    llmApiKey: env.LLM_API_KEY,
    llmModelName: env.LLM_MODEL_NAME,
    llmFallbacks: env.LLM_FALLBACKS,
    llmFirstTokenSeconds: env.LLM_FIRST_TOKEN_SECONDS,
    llmStallSeconds: env.LLM_STALL_SECONDS,
    llmStepSeconds: env.LLM_STEP_SECONDS,
    llmRunSeconds: env.LLM_RUN_SECONDS,
    llmPromptTokens: env.LLM_PROMPT_TOKENS,
    agentWorkflowUrl: env.AGENT_WORKFLOW_URL,
    agentWorkflowName: env.AGENT_WORKFLOW_NAME,
    agentWorkflowApiKey: env.AGENT_WORKFLOW_API_KEY,
    agentWorkflowTimeoutSeconds: env.AGENT_WORKFLOW_TIMEOUT_SECONDS,
    llmTitles: env.LLM_TITLES === '1',
    llmPrices: env.LLM_PRICES,
    llmPriceCurrency: env.LLM_PRICE_CURRENCY,
    defaultTimeZone: env.DEFAULT_TIME_ZONE,
    defaultCurrency: env.DEFAULT_CURRENCY,
    defaultLocale: env.DEFAULT_LOCALE,
    demoData: env.DEMO_DATA === '1',
    corsOrigins: env.CORS_ORIGINS,
    loginLimitPerMinute: env.LOGIN_LIMIT_PER_MINUTE,
    registerLimitPerMinute: env.REGISTER_LIMIT_PER_MINUTE,
    chatLimitPerMinute: env.CHAT_LIMIT_PER_MINUTE,
    chatLimitPerDay: env.CHAT_LIMIT_PER_DAY,
    runsPerOwner: env.RUNS_PER_OWNER,
    maxLiveRuns: env.MAX_LIVE_RUNS,
    streamsPerOwner: env.STREAMS_PER_OWNER,
    apiLimitPerMinute: env.API_LIMIT_PER_MINUTE,
    mcpConfig: env.MCP_CONFIG,
    webhookAllowPrivate: env.WEBHOOK_ALLOW_PRIVATE === '1',
    otlpEndpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT,
    otlpTracesEndpoint: env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT,
    otlpHeaders: env.OTEL_EXPORTER_OTLP_HEADERS,
    otelServiceName: env.OTEL_SERVICE_NAME,
    otelSampleRatio: env.OTEL_TRACES_SAMPLER_ARG,
    logLevel: env.LOG_LEVEL,
    nodeEnv: env.NODE_ENV,
  }))

/** Settings are all that can be set, parsed; limits of 0 mean no limit. */
export type Settings = z.output<typeof settings>

/** loadSettings parses an environment. An empty variable counts as unset; a bad one is refused by its name. */
export function loadSettings(env: Record<string, string | undefined> = process.env): Settings {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''))
  const parsed = settings.safeParse(given, { error: fieldMessage })
  if (parsed.success) return parsed.data
  const reasons = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
  throw new StartupRefusal(`Settings refused. ${reasons.join('; ')}`)
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCurrency, isTimeZone, loadSettings } from './config.ts'
import { StartupRefusal } from './startup-refusal.ts'

const secret = 'a-secret-that-nobody-else-should-read'

function refusalOf(env: Record<string, string>): string {
  try {
    loadSettings(env)
  } catch (error) {
    assert.ok(error instanceof StartupRefusal)
    return error.message
  }
  throw new assert.AssertionError({ message: `${JSON.stringify(env)} was not refused` })
}

test('an empty environment is a whole configuration, and an empty variable is none', () => {
  const settings = loadSettings({})
  assert.deepEqual([settings.host, settings.port, settings.dataDir], ['127.0.0.1', 8000, './data'])
  assert.deepEqual([settings.defaultTimeZone, settings.defaultCurrency, settings.defaultLocale], ['UTC', 'USD', 'en'])
  assert.deepEqual([settings.databaseUrl, settings.redisUrl, settings.publicUrl], [undefined, undefined, undefined])
  assert.deepEqual(loadSettings({ PORT: '', DATABASE_URL: '', TRUST_PROXY: '', CORS_ORIGINS: '' }), settings)
  assert.deepEqual(loadSettings({ SOMETHING_ELSE: 'x' }), settings)
})

test('a bad value is refused by its name, and all of them at once', () => {
  const bad: Record<string, string[]> = {
    PORT: ['x', '-1', '65536', '1e3', '0x50', ' ', '80.5'],
    PUBLIC_URL: ['x', 'ftp://x.org', '//x.org'],
    TRUST_PROXY: ['true', 'x', '1.2.3', '1.2.3.4/33', '999.1.1.1', '::1/129', '1.2.3.4,x', '-1', ','],
    DATABASE_URL: ['mysql://x', 'x'],
    REDIS_URL: ['http://x'],
    SECRET_KEY: ['short'],
    ADMIN_EMAIL: ['x', 'a@b\n.de'],
    ADMIN_PASSWORD: ['1234567', 'x'.repeat(201)],
    LLM_PROVIDER: ['openai', 'Anthropic'],
    LLM_BASE_URL: ['x'],
    LLM_FALLBACKS: ['x', '{', 'claude, gpt'],
    LLM_FIRST_TOKEN_SECONDS: ['0', '3601', 'x'],
    LLM_STALL_SECONDS: ['0', '1.5'],
    LLM_STEP_SECONDS: ['-1'],
    LLM_RUN_SECONDS: ['0', '1e3'],
    LLM_PROMPT_TOKENS: ['7999', '1000001'],
    DEFAULT_TIME_ZONE: ['Mars/Olympus', '+02:00'],
    DEFAULT_CURRENCY: ['XYZ', 'usd'],
    DEFAULT_LOCALE: ['xx'],
    DEMO_DATA: ['yes'],
    CORS_ORIGINS: ['*', 'example.org', 'https://a.org/path', 'https://a.org?x', 'https://u@a.org', 'https://a.org,x'],
    LOGIN_LIMIT_PER_MINUTE: ['x', '-1', '1.5', ' ', '1000001'],
    API_LIMIT_PER_MINUTE: ['unlimited'],
    LOG_LEVEL: ['loud'],
  }
  for (const [name, values] of Object.entries(bad))
    for (const value of values) assert.match(refusalOf({ [name]: value }), new RegExp(`^Settings refused\\. ${name}: `))
  const both = refusalOf({ PORT: 'x', LOG_LEVEL: 'loud' })
  assert.match(both, /PORT: .*LOG_LEVEL: /)
  assert.ok(!both.includes('\n'))
})

test('a refusal never repeats the value, which may be a secret', () => {
  for (const name of [
    'PORT',
    'DATABASE_URL',
    'REDIS_URL',
    'LLM_BASE_URL',
    'LLM_FALLBACKS',
    'TRUST_PROXY',
    'CORS_ORIGINS',
  ])
    assert.ok(!refusalOf({ [name]: `${secret} x` }).includes(secret), name)
})

test('SECRET_KEY is required where several instances must agree on it', () => {
  assert.match(refusalOf({ REDIS_URL: 'redis://x' }), /SECRET_KEY: is required with REDIS_URL/)
  const production = { DATABASE_URL: 'postgres://x/y', NODE_ENV: 'production' }
  assert.match(refusalOf(production), /SECRET_KEY: is required with DATABASE_URL in production/)
  assert.equal(loadSettings({ ...production, SECRET_KEY: secret }).secretKey, secret)
  assert.equal(loadSettings({ DATABASE_URL: 'postgres://x/y' }).secretKey, undefined)
})

test('a model server needs the name of a model', () => {
  assert.match(refusalOf({ LLM_BASE_URL: 'http://127.0.0.1:1/v1' }), /LLM_MODEL_NAME: is required/)
  assert.equal(loadSettings({ LLM_BASE_URL: 'http://x/v1/', LLM_MODEL_NAME: 'm' }).llmBaseUrl, 'http://x/v1')
  assert.deepEqual(loadSettings({ OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a%20b, x=1=2' }).otlpHeaders, {
    'api-key': 'a b',
    x: '1=2',
  })
  for (const bad of ['nothing', 'a b=1', 'x=%zz'])
    assert.match(refusalOf({ OTEL_EXPORTER_OTLP_HEADERS: bad }), /OTEL_EXPORTER_OTLP_HEADERS: must be name=value/)
  for (const bad of ['2', '-1', '1e3', 'x'])
    assert.match(refusalOf({ OTEL_TRACES_SAMPLER_ARG: bad }), /OTEL_TRACES_SAMPLER_ARG: must be a number/)
  assert.equal(loadSettings({ OTEL_TRACES_SAMPLER_ARG: '.25' }).otelSampleRatio, 0.25)
  assert.match(refusalOf({ AGENT_WORKFLOW_URL: 'http://127.0.0.1:1' }), /AGENT_WORKFLOW_NAME: is required/)
  assert.match(refusalOf({ AGENT_WORKFLOW_TIMEOUT_SECONDS: '0' }), /AGENT_WORKFLOW_TIMEOUT_SECONDS: must be at least 1/)
  assert.match(refusalOf({ AGENT_WORKFLOW_TIMEOUT_SECONDS: '301' }), /AGENT_WORKFLOW_TIMEOUT_SECONDS/)
})

test('Anthropic and Google need a model and a key, and have an address of their own', () => {
  for (const provider of ['anthropic', 'google']) {
    assert.match(
      refusalOf({ LLM_PROVIDER: provider, LLM_API_KEY: 'k' }),
      /LLM_MODEL_NAME: is required with LLM_PROVIDER/,
    )
    assert.match(
      refusalOf({ LLM_PROVIDER: provider, LLM_MODEL_NAME: 'm' }),
      /LLM_API_KEY: is required with LLM_PROVIDER/,
    )
    const loaded = loadSettings({ LLM_PROVIDER: provider, LLM_MODEL_NAME: 'm', LLM_API_KEY: 'k' })
    assert.deepEqual([loaded.llmProvider, loaded.llmBaseUrl], [provider, undefined])
  }
})

test('fallbacks are a list of models, each with what its provider needs', () => {
  const first = { LLM_BASE_URL: 'http://x/v1', LLM_MODEL_NAME: 'm' }
  const loaded = loadSettings({
    ...first,
    LLM_FALLBACKS: JSON.stringify([
      { provider: 'anthropic', model: 'claude', api_key: 'one' },
      { model: 'llama', base_url: 'http://y/v1/' },
    ]),
  })
  assert.deepEqual(loaded.llmFallbacks, [
    { provider: 'anthropic', model: 'claude', baseUrl: undefined, apiKey: 'one' },
    { provider: 'openai-compatible', model: 'llama', baseUrl: 'http://y/v1', apiKey: undefined },
  ])
  const refused = (fallback: object) => refusalOf({ ...first, LLM_FALLBACKS: JSON.stringify([fallback]) })
  assert.match(refused({ model: 'llama' }), /LLM_FALLBACKS\.0\.base_url: is required/)
  assert.match(refused({ provider: 'google', model: 'gemini' }), /LLM_FALLBACKS\.0\.api_key: is required with .*google/)
  assert.match(refused({ base_url: 'http://y/v1' }), /LLM_FALLBACKS\.0\.model: is missing/)
  assert.match(refused({ model: 'llama', base_url: 'http://y/v1', key: secret }), /LLM_FALLBACKS\.0: .*key/)
  assert.match(refused({ model: 'm', provider: secret, api_key: secret }), /LLM_FALLBACKS\.0\.provider: must be/)
  assert.ok(!refused({ model: 'm', provider: secret, api_key: secret }).includes(secret))
  assert.match(refusalOf({ ...first, LLM_FALLBACKS: '{}' }), /LLM_FALLBACKS: must be a list/)
  assert.match(refusalOf({ LLM_FALLBACKS: '[{"model":"m","base_url":"http://y"}]' }), /LLM_BASE_URL: is required with/)
})

test('trusted proxies are a number of hops, or addresses, ranges and their names', () => {
  assert.equal(loadSettings({ TRUST_PROXY: '2' }).trustProxy, 2)
  assert.equal(loadSettings({ TRUST_PROXY: '0' }).trustProxy, 0)
  assert.deepEqual(loadSettings({ TRUST_PROXY: '10.0.0.0/8, ::1, fd00::/8,loopback' }).trustProxy, [
    '10.0.0.0/8',
    '::1',
    'fd00::/8',
    'loopback',
  ])
})

test('allowed origins are compared as browsers write them', () => {
  const { corsOrigins } = loadSettings({
    CORS_ORIGINS: 'https://App.Example.org/, http://localhost:5173,https://a.org:443',
  })
  assert.deepEqual(corsOrigins, ['https://app.example.org', 'http://localhost:5173', 'https://a.org'])
})

test('a limit of 0 stays 0', () => {
  assert.equal(loadSettings({ CHAT_LIMIT_PER_DAY: '0' }).chatLimitPerDay, 0)
})

test('time zones are IANA names and currencies ISO codes', () => {
  for (const good of ['UTC', 'Asia/Jakarta', 'Etc/GMT+5']) assert.ok(isTimeZone(good), good)
  for (const bad of ['', '+02:00', 'Mars/Olympus', 'UTC\0', 'x'.repeat(5000)]) assert.ok(!isTimeZone(bad), bad)
  for (const good of ['IDR', 'USD', 'JPY']) assert.ok(isCurrency(good), good)
  for (const bad of ['', 'idr', 'XYZ', 'USDD']) assert.ok(!isCurrency(bad), bad)
})

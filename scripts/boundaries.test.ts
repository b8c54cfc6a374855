import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { findViolations } from './boundaries.ts'

/** One file with these lines, checked; answers what is said about it, each message after its line. */
function check(path: string, ...lines: string[]): string[] {
  return findViolations(new Map([[path, lines.join('\n')]])).map(({ line, message }) => `${line} ${message}`)
}

const modules = 'server/src/modules'

describe('the boundaries of the architecture', () => {
  test('a tree that keeps to them has no violation', () => {
    const allowed: [string, string][] = [
      ['server/src/main.ts', './app.ts'],
      ['server/src/cli.ts', './platform/config.ts'],
      ['server/src/app.ts', './modules/chat/index.ts'],
      ['server/src/app.ts', './version.ts'],
      ['server/src/platform/http/server.ts', '../errors.ts'],
      [`${modules}/chat/service.ts`, '../agent/index.ts'],
      [`${modules}/chat/service.ts`, './repository.ts'],
      [`${modules}/chat/routes.ts`, './service.ts'],
      [`${modules}/chat/routes.ts`, './dto.ts'],
      [`${modules}/chat/admin-routes.ts`, './routes.ts'],
      [`${modules}/chat/index.ts`, './routes.ts'],
      [`${modules}/chat/repository.ts`, './schema.ts'],
      [`${modules}/chat/schema.ts`, '../auth/schema.ts'],
      [`${modules}/agent/schema.ts`, '../auth/schema.ts'],
      [`${modules}/gamification/engine.ts`, '../../platform/db/database.ts'],
      [`${modules}/chat/service.test.ts`, '../gamification/repository.ts'],
      [`${modules}/chat/testing/chat-server.ts`, '../../../../test/harness.ts'],
      ['server/test/harness.ts', '../src/app.ts'],
      ['scripts/generate.ts', '../server/src/app.ts'],
      ['web/src/page.tsx', '@tangga/client'],
      ['client/src/index.ts', './schema.ts'],
    ]
    for (const [path, target] of allowed) assert.deepEqual(check(path, `import { x } from '${target}'`), [], path)
  })

  const forbidden: { what: string; path: string; target: string; said: RegExp }[] = [
    {
      what: 'a module against the direction',
      path: `${modules}/business/service.ts`,
      target: '../chat/index.ts',
      said: /^1 uses chat; business may use auth$/,
    },
    {
      what: 'a module reaching into another',
      path: `${modules}/chat/service.ts`,
      target: '../agent/memory.ts',
      said: /^1 reaches into agent\/memory\.ts/,
    },
    {
      what: 'a schema naming tables above it',
      path: `${modules}/auth/schema.ts`,
      target: '../chat/schema.ts',
      said: /^1 names tables of chat/,
    },
    {
      what: 'a module that nobody has placed',
      path: `${modules}/finance/service.ts`,
      target: '../business/index.ts',
      said: /no line in moduleDirections/,
    },
    {
      what: 'the platform importing a module',
      path: 'server/src/platform/http/server.ts',
      target: '../../modules/auth/index.ts',
      said: /the platform knows no module/,
    },
    {
      what: 'a module importing the composition root',
      path: `${modules}/chat/service.ts`,
      target: '../../app.ts',
      said: /only main, cli and tests know the whole/,
    },
    {
      what: 'the composition root reaching into a module',
      path: 'server/src/app.ts',
      target: './modules/chat/service.ts',
      said: /through its index\.ts/,
    },
    {
      what: 'the composition root importing the process',
      path: 'server/src/app.ts',
      target: './main.ts',
      said: /a process of its own/,
    },
    {
      what: 'a repository importing its service',
      path: `${modules}/chat/repository.ts`,
      target: './service.ts',
      said: /imports run routes, service, repository, schema/,
    },
    {
      what: 'routes importing the repository',
      path: `${modules}/chat/admin-routes.ts`,
      target: './repository.ts',
      said: /routes speak to their service/,
    },
    {
      what: 'a concept importing routes',
      path: `${modules}/chat/run-log.ts`,
      target: './routes.ts',
      said: /only index\.ts does that/,
    },
    {
      what: 'the server importing the harness',
      path: 'server/src/app.ts',
      target: '../test/harness.ts',
      said: /a test$/,
    },
    {
      what: 'a module importing what stands by for its tests',
      path: `${modules}/chat/service.ts`,
      target: './testing/chat-server.ts',
      said: /a test$/,
    },
    {
      what: 'the server importing a script',
      path: 'server/src/app.ts',
      target: '../../scripts/project.ts',
      said: /does not depend on scripts\//,
    },
    {
      what: 'the server importing its own client',
      path: `${modules}/chat/service.ts`,
      target: '@tangga/client',
      said: /for other programs/,
    },
    {
      what: 'the web app importing the server',
      path: 'web/src/page.tsx',
      target: '../../server/src/version.ts',
      said: /stands on the HTTP interface alone/,
    },
    {
      what: 'the client importing the web app',
      path: 'client/src/index.ts',
      target: '../../web/src/page.tsx',
      said: /stands on the HTTP interface alone/,
    },
  ]
  for (const { what, path, target, said } of forbidden) {
    test(`${what} is caught, in every form of import`, () => {
      const forms = [
        `import { x } from '${target}'`,
        `import type { X } from '${target}'`,
        `import '${target}'`,
        `export * from '${target}'`,
        `export { x } from '${target}'`,
        `const x = await import('${target}')`,
        `type X = import('${target}').X`,
      ]
      for (const form of forms) {
        const found = check(path, form)
        assert.equal(found.length, 1, form)
        assert.match(found[0] ?? '', said)
      }
    })
  }

  test('an import in a comment or a text is none', () => {
    assert.deepEqual(
      check('server/src/platform/ids.ts', "// import '../modules/auth/index.ts'", "const text = `import '../app.ts'`"),
      [],
    )
  })

  test('the environment is read in one place', () => {
    const said = 'reads process.env; only server/src/platform/config.ts does that'
    assert.deepEqual(check(`${modules}/auth/service.ts`, 'const a = 1', 'const b = process.env.B'), [`2 ${said}`])
    assert.deepEqual(check('server/src/main.ts', "start({ ...process['env'] })"), [`1 ${said}`])
    assert.deepEqual(check('server/src/app.ts', "import { env } from 'node:process'"), [`1 ${said}`])
    assert.deepEqual(check('server/src/platform/config.ts', 'load(process.env)'), [])
    assert.deepEqual(check('server/test/harness.ts', 'load(process.env)'), [])
  })
})

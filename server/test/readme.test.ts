import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, request as forward } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { environment } from '../src/platform/config.ts'
import { projectRoot } from '../src/project-root.ts'
import { startTestServer } from './harness.ts'

const readme = await readFile(join(projectRoot, 'README.md'), 'utf8')

/** section is the text of a `##` heading of the README, up to the next one. */
function section(heading: string): string {
  const [, text] = readme.split(new RegExp(`^## ${heading}$`, 'm'))
  assert.ok(text, `README.md has no section "${heading}"`)
  return text.split(/^## /m)[0] ?? ''
}

const commandsOf = (text: string) => [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, commands = '']) => commands)

test('the table of settings names every setting with its default', () => {
  const rows = [...section('Settings').matchAll(/^\| `(\w+)` \| (\S+) \| .+ \|$/gm)]
  assert.deepEqual(
    rows.map(([, name]) => name),
    Object.keys(environment.shape),
  )
  for (const [name, value] of Object.entries(environment.parse({}))) {
    const told = rows.find((row) => row[1] === name)?.[2]
    // A secret that is made when it is not given has no default, and is not missing either.
    const isGenerated = ['SECRET_KEY', 'ADMIN_PASSWORD'].includes(name)
    const unset = isGenerated ? 'generated' : 'none'
    const expected = Array.isArray(value) || value === undefined ? unset : value === '' ? 'off' : `\`${value}\``
    assert.equal(told, expected, name)
  }
})

test('every setting in a command of the README exists', () => {
  const named = commandsOf(readme).flatMap((commands) =>
    [...commands.matchAll(/^((?:[A-Z_]+=\S+ )+)npm start/gm)].flatMap(
      ([, given = '']) => given.match(/[A-Z_]+(?==)/g) ?? [],
    ),
  )
  assert.ok(named.includes('DEMO_DATA'))
  for (const name of named) assert.ok(name in environment.shape, name)
})

test('the five minutes of the README lead to an award and an answer', async () => {
  const server = await startTestServer()
  const folder = await mkdtemp(join(tmpdir(), 'tangga-readme-'))
  try {
    // The commands run as they stand, but for the address, and for a curl of our own: not every machine has one.
    await writeFile(join(folder, 'curl'), `#!${process.execPath}\n${curl}`)
    await chmod(join(folder, 'curl'), 0o755)
    const text = section('Five minutes: the first award and the first answer')
    const script = commandsOf(text).join('\n').replaceAll('http://127.0.0.1:8000', server.url)
    const { stdout } = await promisify(execFile)('sh', ['-euc', script], {
      env: { ...process.env, PATH: `${folder}:${process.env['PATH']}` },
    })
    const answers = stdout.split('\n').filter(Boolean)
    assert.match(answers[0] ?? '', /"email":"sari@example.org"/)
    const receipt = JSON.parse(answers.find((line) => line.includes('event_id')) ?? '')
    assert.deepEqual(
      { points: receipt.points_awarded, unlocked: receipt.unlocked, rank: receipt.rank },
      { points: 10, unlocked: ['First step'], rank: 1 },
    )
    const last = answers.findLast((line) => line.startsWith('data: ')) ?? ''
    const { type, data } = JSON.parse(last.slice('data: '.length))
    assert.equal(type, 'done')
    assert.match(data.full_text, /10 points/)
    assert.match(data.full_text, /number 1 of 1/)
  } finally {
    await rm(folder, { recursive: true, force: true })
    await server.close()
  }
})

test('the reader of the integrating guide prints an answer, also through a broken connection', async () => {
  const guide = await readFile(join(projectRoot, 'docs/guides/integrating.md'), 'utf8')
  const [, reader] = /^```js\n(.*?)^```$/ms.exec(guide) ?? []
  assert.ok(reader)
  const server = await startTestServer()
  const cutting = await cutFirstStream(server.url)
  try {
    const { token } = await server.owner()
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', reader], {
      env: { ...process.env, API: `${cutting.url}/api/v1`, TOKEN: token },
    })
    assert.match(stdout, /^Warung Sari has 0 points[^]*\(done\)\n$/)
    assert.equal(stdout.match(/Warung Sari/g)?.length, 1, 'nothing is read twice')
    assert.equal(cutting.streams, 2)
  } finally {
    cutting.close()
    await server.close()
  }
})

/** cutFirstStream stands before a server and breaks the connection in the middle of the first event stream. */
async function cutFirstStream(target: string) {
  let streams = 0
  const proxy = createServer((request, response) => {
    const { method, headers } = request
    const outgoing = forward(new URL(request.url ?? '/', target), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      if (!answer.headers['content-type']?.startsWith('text/event-stream')) return void answer.pipe(response)
      const isFirst = ++streams === 1
      answer.on('data', (piece: Buffer) => {
        const isCut = isFirst && piece.includes('"token"')
        if (isCut) response.write(piece.subarray(0, piece.length / 2), () => response.destroy())
        else response.write(piece)
      })
      answer.on('end', () => response.end())
    })
    request.pipe(outgoing)
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const address = proxy.address()
  assert.ok(typeof address === 'object' && address)
  return {
    url: `http://127.0.0.1:${address.port}`,
    get streams() {
      return streams
    },
    close: () => void proxy.close(),
  }
}

// As much of curl as the README needs; anything else fails.
const curl = `
const [...args] = process.argv.slice(2)
let url, body, headers = {}
for (let arg = args.shift(); arg !== undefined; arg = args.shift()) {
  if (arg === '-s' || arg === '-sN') continue
  if (arg === '-H') { const [name, value] = args.shift().split(/: (.*)/); headers[name] = value }
  else if (arg === '-d') body = args.shift()
  else if (!arg.startsWith('-') && url === undefined) url = arg
  else throw new Error('curl was given ' + arg)
}
const response = await fetch(url, { method: body === undefined ? 'GET' : 'POST', headers, body })
const text = await response.text()
if (!response.ok) throw new Error(url + ' answered ' + response.status + ': ' + text)
console.log(text)
`

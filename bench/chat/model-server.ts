import { once } from 'node:events'
import net from 'node:net'
import { nowMs, stampedToken } from './clock.ts'
import { type Question, questionOf } from './question.ts'
import { serveParent } from './serve-parent.ts'

// A model server as a process of its own. It speaks OpenAI's streaming protocol over sockets that it writes itself, and
// drives all answers by one timer, so that it needs far less of the machine than what it feeds. Its parent may ask for
// what it has said, and have all answers come to their end at once, as well as those that begin from then on.

/** Said is what the model server said to a question with an id, and whether it could say all of it. */
export type Said = { text: string; isWhole: boolean }

const TICK_MS = 5
const WORDS = [
  'stock ',
  'warung ',
  'café ',
  'harga ',
  '日本茶 ',
  'profit ',
  '🙂 ',
  'tomorrow, ',
  'naïve\n',
  '"pelanggan" ',
]

type Answer = { socket: net.Socket; question: Question; nth: number; dueTick: number; said: Said | undefined }

const said = new Map<string, Said>()
const answers = new Set<Answer>()
const dueAt = new Map<number, Answer[]>()
// While it is true, every answer ends after its first token.
let isEnding = false
let tick = Math.floor(nowMs() / TICK_MS)

const server = net.createServer((socket) => {
  socket.setNoDelay(true)
  let received = Buffer.alloc(0)
  socket.on('data', (chunk) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
    const headEnd = received.indexOf('\r\n\r\n')
    if (headEnd === -1) return
    const length = Number(/content-length: (\d+)/i.exec(received.toString('latin1', 0, headEnd))?.[1] ?? 0)
    if (received.length < headEnd + 4 + length) return
    const body = received.toString('utf8', headEnd + 4, headEnd + 4 + length)
    received = received.subarray(headEnd + 4 + length)
    begin(socket, body)
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    for (const answer of answers) if (answer.socket === socket) answers.delete(answer)
  })
})

function begin(socket: net.Socket, body: string): void {
  const { messages, stream }: { messages: { role: string; content: unknown }[]; stream?: boolean } = JSON.parse(body)
  if (stream !== true) return answerAtOnce(socket)
  const content = messages.findLast((message) => message.role === 'user')?.content
  const question = (typeof content === 'string' && questionOf(content)) || { tokens: 1, everyMs: TICK_MS }
  const answer: Answer = { socket, question, nth: 0, dueTick: tick, said: undefined }
  if (question.id !== undefined) said.set(question.id, (answer.said = { text: '', isWhole: false }))
  answers.add(answer)
  const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n'
  socket.write(head + event({ delta: { role: 'assistant', content: '' }, finish_reason: null }))
  advance(answer)
}

// What a service asks on its own account: a title, a summary.
function answerAtOnce(socket: net.Socket): void {
  const answer = JSON.stringify({
    id: 'chatcmpl-bench',
    object: 'chat.completion',
    created: 1_760_000_000,
    model: 'bench',
    choices: [{ index: 0, message: { role: 'assistant', content: 'Stock and prices' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 100, completion_tokens: 3, total_tokens: 103 },
  })
  socket.write(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${answer.length}\r\n\r\n${answer}`)
}

function advance(answer: Answer): void {
  if (!answers.has(answer)) return
  const { question, socket } = answer
  const token = answer.said ? (WORDS[Math.floor(Math.random() * WORDS.length)] ?? '') : stampedToken()
  if (answer.said) answer.said.text += token
  socket.write(event({ delta: { content: token }, finish_reason: null }))
  answer.nth++
  if (answer.nth >= question.tokens || isEnding) return finish(answer)
  answer.dueTick += Math.max(1, Math.round(question.everyMs / TICK_MS))
  const at = Math.max(answer.dueTick, tick + 1)
  const due = dueAt.get(at)
  if (due) due.push(answer)
  else dueAt.set(at, [answer])
}

function finish(answer: Answer): void {
  answers.delete(answer)
  if (answer.said) answer.said.isWhole = true
  const usage = { prompt_tokens: 100, completion_tokens: answer.nth, total_tokens: 100 + answer.nth }
  const last = event({ delta: {}, finish_reason: 'stop' }, usage)
  answer.socket.write(`${last}${chunk('data: [DONE]\n\n')}0\r\n\r\n`)
}

function event(choice: object, usage?: object): string {
  const data = {
    id: 'chatcmpl-bench',
    object: 'chat.completion.chunk',
    created: 1_760_000_000,
    model: 'bench',
    choices: [{ index: 0, ...choice }],
    ...(usage && { usage }),
  }
  return chunk(`data: ${JSON.stringify(data)}\n\n`)
}

const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`

setInterval(() => {
  const current = Math.floor(nowMs() / TICK_MS)
  while (tick < current) {
    tick++
    const due = dueAt.get(tick)
    dueAt.delete(tick)
    for (const answer of due ?? []) advance(answer)
  }
}, TICK_MS)

server.listen(0, '127.0.0.1')
await once(server, 'listening')
const address = server.address()
if (address === null || typeof address === 'string') throw new Error('expected a TCP port')

serveParent({
  ready: { url: `http://127.0.0.1:${address.port}/v1` },
  async answer(message: { end?: boolean; said?: true }) {
    if (message.end !== undefined) isEnding = message.end
    if (isEnding) for (const answer of answers) finish(answer)
    return message.said ? Object.fromEntries(said) : {}
  },
})

import { startTestServer, type TestServer } from '../../../../test/harness.ts'
import { createScriptedEngine, type Script, type ScriptedEngine } from './scripted-engine.ts'
import { openRunStream, type RunStream } from './run-stream.ts'

type Owner = Awaited<ReturnType<TestServer['owner']>>

/** ChatServer is the real service with a scripted engine, and shorthands for what owners do in a chat. */
export type ChatServer = TestServer & {
  engine: ScriptedEngine
  send(owner: Pick<Owner, 'token'>, message: string | Record<string, unknown>): Promise<RunStream>
  follow(owner: Pick<Owner, 'token'>, runId: string, after?: number): Promise<RunStream>
  messages(owner: Pick<Owner, 'token'>, sessionId: string): Promise<Record<string, unknown>[]>
}

/** startChatServer boots the service; close it yourself. */
export async function startChatServer(
  options: NonNullable<Parameters<typeof startTestServer>[0]> & { script?: Script } = {},
): Promise<ChatServer> {
  const { script, ...rest } = options
  const engine = createScriptedEngine(script)
  const server = await startTestServer({ engine, ...rest })
  return {
    ...server,
    engine,
    send: ({ token }, message) =>
      openRunStream(`${server.url}/api/v1/chat/completion`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(typeof message === 'string' ? { content: message } : message),
      }),
    follow: ({ token }, runId, after) =>
      openRunStream(`${server.url}/api/v1/chat/runs/${runId}/events`, {
        headers: {
          authorization: `Bearer ${token}`,
          ...(after === undefined ? {} : { 'last-event-id': String(after) }),
        },
      }),
    async messages({ token }, sessionId) {
      const answer = await server.api('GET', `/chat/sessions/${sessionId}`, { token })
      if (answer.status !== 200) throw new Error(`messages answered ${answer.status}: ${answer.text}`)
      return answer.json
    },
  }
}

import type { JSONValue, LanguageModelV4FunctionTool } from '@ai-sdk/provider'
import type { Log } from '../../../platform/logger.ts'
import type { Span } from '../../../platform/tracing/spans.ts'
import type { BusinessAccess } from '../dependencies.ts'
import type { AgentEvent, ApprovalPreview, Earned, RunContext } from '../engine.ts'
import type { Locale } from '../failures.ts'
import type { Approvals, Grant } from './approvals.ts'
import { argumentsHash } from './approval-token.ts'
import { traceTool } from '../trace.ts'
import { untilAborted } from '../until-aborted.ts'
import { type Tool, ToolError } from './tool.ts'

/** CallOptions say for which call a tool is executed, and with which yes of the owner, if any. */
export type CallOptions = { callId?: string; grant?: Grant; earned?: (news: Earned) => void; span?: Span }

/** PreparedCall is a tool call of the model after reading: what will happen, and how it is told. */
export type PreparedCall = {
  tool: string
  args: JSONValue
  label: string
  /** False for a call that cannot be executed as it is: an unknown tool, or arguments that do not fit. */
  isValid: boolean
  /** Whether it may change what other calls answer. */
  writes: boolean
  /** On a call that the owner must agree to: what they are shown, or why it cannot be done. Without a grant it is refused. */
  preview?: () => Promise<{ shown: ApprovalPreview } | { refused: ToolOutcome }>
  execute(options?: CallOptions): Promise<ToolOutcome>
}

/** ToolOutcome is what came of a call; `{error}` with a short sentence when it failed. */
export type ToolOutcome = { ok: boolean; output: JSONValue; label: string }

/** CallInRun is where and for whom a prepared call is carried out; `clock` stands still while the owner thinks. */
export type CallInRun = {
  context: RunContext
  callId: string
  signal: AbortSignal
  clock: { pause(): void; resume(): void }
  /** The step that the call belongs to. */
  span?: Span
}

/** Toolbox executes what models ask for, and survives whatever they ask for. */
export type Toolbox = ReturnType<typeof createToolbox>

const OUTPUT_CHARACTERS = 16_000
const NAME_CHARACTERS = 64

const UNKNOWN_TOOL: Record<Locale, { start: string; failed: string }> = {
  en: { start: 'Trying something that does not exist', failed: 'That does not exist' },
  id: { start: 'Mencoba sesuatu yang tidak ada', failed: 'Itu tidak ada' },
}

const UNAPPROVED: Record<Locale, { denied: string; expired: string; unasked: string }> = {
  en: { denied: 'You said no', expired: 'You did not answer in time', unasked: 'This needs your approval' },
  id: { denied: 'Anda menolak', expired: 'Tidak dijawab tepat waktu', unasked: 'Ini memerlukan persetujuan Anda' },
}

/**
 * createToolbox gathers tools; `more` adds those that come and go. Before each execution the business of the run is checked
 * against its user once more, by the one function that decides access. A tool with a preview is executed with a grant of the
 * owner alone, for the very arguments that they saw. Nothing that fails in here throws: the model gets a short safe
 * sentence and can try something else, the real cause goes to the log.
 */
export function createToolbox(options: {
  tools: Tool[]
  more?: () => readonly Tool[]
  business: BusinessAccess
  /** Without it, what needs an approval is refused. */
  approvals?: Pick<Approvals, 'ask'>
  toolMs: number
  log: Log
}) {
  const { approvals, log } = options
  const names = new Set(options.tools.map((tool) => tool.name))
  // A tool from outside never takes the place of one of ours.
  const present = () => [...options.tools, ...(options.more?.() ?? []).filter((tool) => !names.has(tool.name))]

  /** guarded does a piece of work of a tool within its time and after another look at who it is for. */
  async function guarded<Result>(
    call: { tool: Tool; context: RunContext; unclear?: string },
    work: () => Promise<Result>,
  ): Promise<{ done: Result } | { refused: ToolOutcome }> {
    const { tool, context } = call
    const { failed } = tool.labels[context.locale]
    try {
      const done = await within(options.toolMs, async () => {
        await options.business.businessFor(context.userId, context.business.id)
        return work()
      })
      return { done }
    } catch (error) {
      if (error instanceof ToolError) return { refused: refusal(error.message, failed) }
      log.error({ err: error, tool: tool.name, runId: context.runId }, 'a tool failed')
      return { refused: refusal(call.unclear ?? 'This could not be done because of a problem on our side.', failed) }
    }
  }

  async function execute(call: {
    tool: Tool
    args: JSONValue
    context: RunContext
    options: CallOptions
  }): Promise<ToolOutcome> {
    const { tool, args, context } = call
    const { callId, grant, earned } = call.options
    const labels = tool.labels[context.locale]
    if (tool.preview && !(grant?.tool === tool.name && grant.argumentsHash === argumentsHash(args)))
      return refusal(
        "This needs the owner's approval, which cannot be asked for here. Nothing was done.",
        UNAPPROVED[context.locale].unasked,
      )
    // What changes something may have done so before it failed.
    const unclear = tool.preview && 'It is not known whether this was done. Look it up before you try again.'
    const result = await guarded({ tool, context, ...(unclear && { unclear }) }, () =>
      tool.execute(context, args, callId === undefined ? undefined : { callId, earned: earned ?? (() => {}) }),
    )
    if ('refused' in result) return result.refused
    if (JSON.stringify(result.done).length > OUTPUT_CHARACTERS)
      return refusal('The result is too long to be shown.', labels.failed)
    return { ok: true, output: result.done, label: labels.end }
  }

  async function* askOwner(call: PreparedCall, run: CallInRun): AsyncGenerator<AgentEvent, Grant | ToolOutcome> {
    const { context, callId, signal, clock } = run
    const { tool, args } = call
    const words = UNAPPROVED[context.locale]
    if (!approvals || !call.preview) return call.execute()
    const preview = await untilAborted(call.preview(), signal)
    if ('refused' in preview) return preview.refused
    const asked = await untilAborted(
      approvals.ask({ context, callId, tool, args }).catch((error: unknown) => {
        log.error({ err: error, tool, runId: context.runId }, 'an owner could not be asked')
        return { refused: 'The owner could not be asked because of a problem on our side. Nothing was done.' }
      }),
      signal,
    )
    if ('refused' in asked) return refusal(asked.refused, words.unasked)
    const about = { approvalId: asked.id, callId, tool }
    clock.pause()
    try {
      yield {
        type: 'ApprovalRequired',
        ...about,
        preview: preview.shown,
        expiresAt: asked.expiresAt.toISOString(),
        token: asked.token,
      }
      const outcome = await asked.decision(signal)
      yield { type: 'ApprovalDecided', ...about, decision: outcome.decision }
      if (outcome.decision === 'approved') return outcome.grant
      return outcome.decision === 'denied'
        ? refusal('The owner said no. Nothing was done. Do not ask again unless they want it.', words.denied)
        : refusal('The owner did not answer in time. Nothing was done.', words.expired)
    } finally {
      clock.resume()
    }
  }

  return {
    /** What a model server is told of all tools. */
    get definitions() {
      return present().map((tool): LanguageModelV4FunctionTool => tool.definition)
    },

    /** prepare reads a call of the model; arguments that the tool does not know are gone from its answer. */
    prepare(call: { toolName: string; input: string }, context: RunContext): PreparedCall {
      const tools = present()
      const tool = tools.find(({ name }) => name === call.toolName)
      if (!tool) {
        const { start, failed } = UNKNOWN_TOOL[context.locale]
        const error = `There is no such tool. There are: ${tools.map(({ name }) => name).join(', ')}.`
        return {
          tool: safeName(call.toolName),
          args: {},
          label: start,
          isValid: false,
          writes: false,
          execute: async () => refusal(error, failed),
        }
      }
      const labels = tool.labels[context.locale]
      const parsed = tool.parse(call.input)
      if (!parsed.ok) {
        const outcome = refusal(parsed.error, labels.failed)
        const invalid = { isValid: false, writes: false, execute: async () => outcome }
        return { tool: tool.name, args: {}, label: labels.start, ...invalid }
      }
      const { args } = parsed
      const { preview } = tool
      return {
        tool: tool.name,
        args,
        label: labels.start,
        isValid: true,
        writes: tool.writes || preview !== undefined,
        ...(preview && {
          preview: async () => {
            const result = await guarded({ tool, context }, () => preview(context, args))
            return 'refused' in result ? result : { shown: result.done }
          },
        }),
        execute: (how = {}) => traceTool(tool.name, how.span, () => execute({ tool, args, context, options: how })),
      }
    },

    /**
     * carryOut executes a prepared call, after asking the owner where that is needed, and yields what is told between the
     * call and its result. An abort rejects with its reason.
     */
    async *carryOut(call: PreparedCall, run: CallInRun): AsyncGenerator<AgentEvent, ToolOutcome> {
      const granted = call.preview ? yield* askOwner(call, run) : undefined
      if (granted && 'ok' in granted) return granted
      const news: Earned[] = []
      const outcome = await untilAborted(
        call.execute({
          callId: run.callId,
          ...(run.span && { span: run.span }),
          earned: (one) => void news.push(one),
          ...(granted && { grant: granted }),
        }),
        run.signal,
      )
      yield* news
      return outcome
    },
  }
}

const refusal = (error: string, label: string): ToolOutcome => ({ ok: false, output: { error }, label })

/** safeName keeps of a name what every model server and every page takes: letters, digits, `_` and `-`. */
export function safeName(name: string): string {
  return name.replace(/[^A-Za-z0-9_-]+/g, '_').slice(0, NAME_CHARACTERS) || 'unnamed'
}

/**
 * unusedId makes a safe id of the wanted one that is not among `used`, and adds it there. Some servers number their calls
 * anew in every step; within a conversation, and to its readers, an id names one call.
 */
export function unusedId(wanted: string, used: Set<string>): string {
  const base = safeName(wanted)
  let id = base
  for (let count = 2; used.has(id); count++) id = `${base}-${count}`
  used.add(id)
  return id
}

async function within<Result>(ms: number, work: () => Promise<Result>): Promise<Result> {
  const late = Promise.withResolvers<never>()
  // Unreferenced: a run that was stopped no longer waits for its tool, and neither does the end of the process.
  const timer = setTimeout(() => late.reject(new Error(`took longer than ${ms} ms`)), ms).unref()
  try {
    return await Promise.race([work(), late.promise])
  } finally {
    clearTimeout(timer)
  }
}

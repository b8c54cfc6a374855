import type { JSONValue, LanguageModelV4FunctionTool } from '@ai-sdk/provider'
import type { Log } from '../../../platform/logger.ts'
import type { BusinessAccess } from '../dependencies.ts'
import type { RunContext } from '../engine.ts'
import type { Locale } from '../failures.ts'
import { type Tool, ToolError } from './tool.ts'

/** PreparedCall is a tool call of the model after reading: what will happen, and how it is told. */
export type PreparedCall = { tool: string; args: JSONValue; label: string; execute(): Promise<ToolOutcome> }

/** ToolOutcome is what came of a call; `{error}` with a short sentence when it failed. */
export type ToolOutcome = { ok: boolean; output: JSONValue; label: string }

/** Toolbox executes what models ask for, and survives whatever they ask for. */
export type Toolbox = ReturnType<typeof createToolbox>

const OUTPUT_CHARACTERS = 16_000
const NAME_CHARACTERS = 64

const UNKNOWN_TOOL: Record<Locale, { start: string; failed: string }> = {
  en: { start: 'Trying something that does not exist', failed: 'That does not exist' },
  id: { start: 'Mencoba sesuatu yang tidak ada', failed: 'Itu tidak ada' },
}

/**
 * createToolbox gathers tools. Before each execution the business of the run is checked against its user once more, by
 * the one function that decides access. Nothing that fails in here throws: the model gets a short safe sentence and can
 * try something else, the real cause goes to the log.
 */
export function createToolbox(options: { tools: Tool[]; business: BusinessAccess; toolMs: number; log: Log }) {
  const byName = new Map(options.tools.map((tool) => [tool.name, tool]))

  async function execute(tool: Tool, args: JSONValue, context: RunContext): Promise<ToolOutcome> {
    const labels = tool.labels[context.locale]
    const refuse = (error: string): ToolOutcome => ({ ok: false, output: { error }, label: labels.failed })
    try {
      const output = await within(options.toolMs, async () => {
        await options.business.businessFor(context.userId, context.business.id)
        return tool.execute(context, args)
      })
      if (JSON.stringify(output).length > OUTPUT_CHARACTERS) return refuse('The result is too long to be shown.')
      return { ok: true, output, label: labels.end }
    } catch (error) {
      if (error instanceof ToolError) return refuse(error.message)
      options.log.error({ err: error, tool: tool.name, runId: context.runId }, 'a tool failed')
      return refuse('This could not be done because of a problem on our side.')
    }
  }

  return {
    /** What a model server is told of all tools. */
    definitions: options.tools.map((tool): LanguageModelV4FunctionTool => tool.definition),

    /** prepare reads a call of the model; arguments that the tool does not know are gone from its answer. */
    prepare(call: { toolName: string; input: string }, context: RunContext): PreparedCall {
      const tool = byName.get(call.toolName)
      if (!tool) {
        const { start, failed } = UNKNOWN_TOOL[context.locale]
        const error = `There is no such tool. There are: ${[...byName.keys()].join(', ')}.`
        return {
          tool: safeName(call.toolName),
          args: {},
          label: start,
          execute: async () => ({ ok: false, output: { error }, label: failed }),
        }
      }
      const labels = tool.labels[context.locale]
      const parsed = tool.parse(call.input)
      if (!parsed.ok) {
        const outcome = { ok: false, output: { error: parsed.error }, label: labels.failed }
        return { tool: tool.name, args: {}, label: labels.start, execute: async () => outcome }
      }
      const { args } = parsed
      return { tool: tool.name, args, label: labels.start, execute: () => execute(tool, args, context) }
    },
  }
}

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

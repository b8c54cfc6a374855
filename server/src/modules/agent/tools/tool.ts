import type { JSONSchema7, JSONValue, LanguageModelV4FunctionTool } from '@ai-sdk/provider'
import { z } from 'zod'
import { Problem } from '../../../platform/errors.ts'
import { newId } from '../../../platform/ids.ts'
import type { ApprovalPreview, Earned, RunContext } from '../engine.ts'
import type { Locale } from '../failures.ts'

/** ToolLabels are the sentences that the person who waits reads about a tool. */
export type ToolLabels = Record<Locale, { start: string; end: string; failed: string }>

/** ToolCallHandle is what an execution knows of its call: its id, once in its run, and how it tells what it has earned. */
export type ToolCallHandle = { callId: string; earned(news: Earned): void }

/** ToolDefinition is a tool as it is written down, one a file; see docs/decisions/0004-agent-loop.md for the rules. */
export type ToolDefinition<Input extends z.ZodType, Output extends z.ZodType<JSONValue>> = {
  name: string
  /** Tells the model when to use it and what it answers. */
  description: string
  /**
   * What the model may choose. It never names a user or a business: those come from the run. Texts must be cleaned
   * (`oneLine`), because arguments are stored.
   */
  input: Input
  /** What the model gets: small, and about the run's own business alone. */
  output: Output
  /** True for a tool that changes something (one with a preview always does), so that what was looked up before may no longer hold. */
  writes?: boolean
  labels: ToolLabels
  /**
   * Every tool that changes something for others to see has one: it is executed once the owner has agreed to what this
   * shows, in their language. It changes nothing, and throws where the call cannot succeed, so that nobody is asked in vain.
   */
  preview?(context: RunContext, args: z.output<Input>): Promise<ApprovalPreview>
  execute(context: RunContext, args: z.output<Input>, call: ToolCallHandle): Promise<z.output<Output>>
}

/** ToolArguments are the arguments as the tool understands them, or what is wrong with them, said to the model. */
export type ToolArguments = { ok: true; args: JSONValue } | { ok: false; error: string }

/** Tool is a tool as the loop sees it, whatever its types were. */
export type Tool = {
  readonly name: string
  /** Whether executing it may change what other calls answer. */
  readonly writes: boolean
  readonly labels: ToolLabels
  /** What a model server is told of it. */
  readonly definition: LanguageModelV4FunctionTool
  /** Reads the model's arguments; those the tool does not know are dropped. */
  parse(input: string): ToolArguments
  /** What the owner is asked to agree to; a tool without it needs no approval. Takes arguments that `parse` has answered. */
  readonly preview?: (context: RunContext, args: JSONValue) => Promise<ApprovalPreview>
  /** Executes with arguments that `parse` has answered. */
  execute(context: RunContext, args: JSONValue, call?: ToolCallHandle): Promise<JSONValue>
}

/** ToolError is a failure of a tool that its `message` may tell to the model and to the person. */
export class ToolError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'ToolError'
  }
}

/** defineTool makes a Tool of its definition. */
export function defineTool<Input extends z.ZodType, Output extends z.ZodType<JSONValue>>(
  definition: ToolDefinition<Input, Output>,
): Tool {
  const { name, description, input, labels, preview, writes = preview !== undefined } = definition
  return {
    name,
    writes,
    labels,
    definition: { type: 'function', name, description, inputSchema: jsonSchema(input) },
    parse(text) {
      let value: unknown
      try {
        // Models send nothing at all for a tool without arguments.
        value = text.trim() === '' ? {} : JSON.parse(text)
      } catch {
        return { ok: false, error: 'The arguments are not valid JSON. Call the tool again with a JSON object.' }
      }
      const parsed = input.safeParse(value ?? {})
      if (!parsed.success) return { ok: false, error: `The arguments do not fit: ${reasons(parsed.error)}` }
      return { ok: true, args: z.json().parse(parsed.data) }
    },
    ...(preview && { preview: (context, args) => speaking(async () => preview(context, input.parse(args))) }),
    execute: (context, args, call = { callId: newId(), earned: () => {} }) =>
      speaking(async () => definition.execute(context, input.parse(args), call)),
  }
}

// A Problem is written for the caller; everything else is not.
async function speaking<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Problem) throw new ToolError(error.detail, { cause: error })
    throw error
  }
}

const schemaObject = z.custom<JSONSchema7>((value) => typeof value === 'object' && value !== null)

function jsonSchema(input: z.ZodType): JSONSchema7 {
  const { $schema: _, ...schema } = z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' })
  return schemaObject.parse(schema)
}

function reasons(error: z.ZodError): string {
  return error.issues
    .slice(0, 5)
    .map((issue) => `${issue.path.join('.') || 'arguments'}: ${issue.message}`)
    .join('; ')
}

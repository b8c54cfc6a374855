import type { LanguageModelV4Prompt } from '@ai-sdk/provider'
import type { Usage } from './engine.ts'
import { estimatedTokens, tokensOf } from './estimated-tokens.ts'

/** ModelUse is what one call used that is no answer, and the model that was asked. */
export type ModelUse = { model: string; usage: Usage }

/**
 * TellUse is told, once, what a call used: also where it was given up in the middle or nothing came of it, but not where
 * the model server refused it.
 */
export type TellUse = (use: ModelUse) => void

/** usageOf is what a model server reported or, where it reported nothing, an estimate on the high side. */
export function usageOf(reported: Usage, call: { prompt: LanguageModelV4Prompt; said: string }): Usage {
  if (reported.inputTokens + reported.outputTokens > 0) return reported
  return { inputTokens: tokensOf(call.prompt), outputTokens: estimatedTokens(call.said) }
}

/** notReported is the usage of which a model server says nothing. */
export const notReported: Usage = { inputTokens: 0, outputTokens: 0 }

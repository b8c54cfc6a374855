import { createAnthropic } from '@ai-sdk/anthropic'
import { createGoogle } from '@ai-sdk/google'
import type { LanguageModelV4 } from '@ai-sdk/provider'
import type { ModelAddress, Settings } from '../../platform/config.ts'
import { createOfflineModel } from './offline/offline-model.ts'
import { createCompatibleModel } from './openai-compatible/compatible-model.ts'

/** ModelSettings are the settings that choose the models. */
export type ModelSettings = Pick<Settings, 'llmBaseUrl' | 'llmApiKey' | 'llmModelName'> &
  Partial<Pick<Settings, 'llmProvider' | 'llmFallbacks'>>

/** ChosenModel is a model with the name that `/health` tells, and the secrets that nothing may repeat. */
export type ChosenModel = { name: string; model: LanguageModelV4; secrets: string[] }

/** Models are the models of a service in the order in which they are asked; there is always one. */
export type Models = readonly [ChosenModel, ...ChosenModel[]]

// Named, so that the environment variables that the packages read by themselves can redirect nothing.
const ANTHROPIC_URL = 'https://api.anthropic.com/v1'
const GOOGLE_URL = 'https://generativelanguage.googleapis.com/v1beta'

/** chooseModels makes the models of the settings, the one to ask first and its fallbacks; the offline advisor without any. */
export function chooseModels(settings: ModelSettings): Models {
  const { llmProvider: provider = 'openai-compatible', llmBaseUrl, llmApiKey, llmModelName, llmFallbacks } = settings
  const isChosen = llmModelName !== undefined && (provider !== 'openai-compatible' || llmBaseUrl !== undefined)
  if (!isChosen) return [{ name: 'offline', model: createOfflineModel(), secrets: [] }]
  const first = { provider, model: llmModelName, baseUrl: llmBaseUrl, apiKey: llmApiKey }
  return [chosen(first), ...(llmFallbacks ?? []).map(chosen)]
}

function chosen(address: ModelAddress): ChosenModel {
  const { model: name, apiKey } = address
  return { name, model: modelAt(address), secrets: apiKey === undefined ? [] : [apiKey] }
}

function modelAt({ provider, model, baseUrl, apiKey }: ModelAddress): LanguageModelV4 {
  switch (provider) {
    case 'anthropic':
      return createAnthropic({ baseURL: baseUrl ?? ANTHROPIC_URL, apiKey })(model)
    case 'google':
      return createGoogle({ baseURL: baseUrl ?? GOOGLE_URL, apiKey })(model)
    case 'openai-compatible':
      return createCompatibleModel({ model, baseUrl: baseUrl ?? '', apiKey })
  }
}

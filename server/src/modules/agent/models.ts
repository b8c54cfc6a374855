import type { LanguageModelV4 } from '@ai-sdk/provider'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import type { Settings } from '../../platform/config.ts'
import { createOfflineModel } from './offline/offline-model.ts'

/** ModelSettings are the settings that choose a model. */
export type ModelSettings = Pick<Settings, 'llmBaseUrl' | 'llmApiKey' | 'llmModelName'>

/** ChosenModel is a model with the name that `/health` tells, and the secrets that nothing may repeat. */
export type ChosenModel = { name: string; model: LanguageModelV4; secrets: string[] }

/** chooseModel makes the model of the settings: any OpenAI-compatible server, or the offline advisor without one. */
export function chooseModel(settings: ModelSettings): ChosenModel {
  const { llmBaseUrl, llmApiKey, llmModelName } = settings
  if (llmBaseUrl === undefined || llmModelName === undefined) {
    return { name: 'offline', model: createOfflineModel(), secrets: [] }
  }
  const provider = createOpenAICompatible({
    name: 'llm',
    baseURL: llmBaseUrl,
    apiKey: llmApiKey,
    includeUsage: true,
  })
  return { name: llmModelName, model: provider(llmModelName), secrets: llmApiKey === undefined ? [] : [llmApiKey] }
}

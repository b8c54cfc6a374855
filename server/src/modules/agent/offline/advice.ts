import type { Locale } from '../failures.ts'
import type { Advice } from './answers.ts'
import { conceptsIn } from './intents.ts'
import { categoryKind, KNOWLEDGE, stageKind } from './knowledge.ts'
import { PATTERNS, type Topic } from './patterns.ts'

const GENERAL_TIPS = 3

type BusinessKind = { stage: string; category: string }

/**
 * tipsFor chooses what to say on a topic: the general tips that have most in common with what was asked, then one for the
 * stage and one for the kind of business.
 */
export function tipsFor(options: {
  topic: Topic
  message: string
  language: Locale
  business: BusinessKind | undefined
}): Advice {
  const { topic, message, language, business } = options
  const { topics, stageNames, categoryNames } = KNOWLEDGE[language]
  const { opening, tips, stages, categories, caution } = topics[topic]
  const asked = conceptsIn(message).intersection(conceptsOf(topic))
  const fitting = tips
    .map((tip) => ({ tip, common: conceptsIn(tip).intersection(asked).size }))
    .toSorted((a, b) => b.common - a.common)
    .slice(0, GENERAL_TIPS)
    .map(({ tip }) => tip)
  const stage = stageKind(business?.stage ?? '')
  const category = categoryKind(business?.category ?? '')
  const forStage = stages[stage]
  const forCategory = category && categories[category]
  return {
    opening,
    lines: [
      ...fitting,
      ...(forStage === undefined ? [] : [`${stageNames[stage]}: ${forStage}`]),
      ...(category === undefined || forCategory === undefined ? [] : [`${categoryNames[category]}: ${forCategory}`]),
    ],
    caution,
  }
}

const conceptsOf = (topic: Topic) => new Set(PATTERNS.flatMap(({ intent, all }) => (intent === topic ? all : [])))

/** nextStepsFor chooses what to do next at a stage, and one step more that fits the kind of business. */
export function nextStepsFor(language: Locale, business: BusinessKind): Advice {
  const { nextSteps, categorySteps, categoryNames } = KNOWLEDGE[language]
  const category = categoryKind(business.category)
  const forCategory = category === undefined ? [] : [`${categoryNames[category]}: ${categorySteps[category]}`]
  return { lines: [...nextSteps[stageKind(business.stage)], ...forCategory] }
}

import type { Locale } from '../failures.ts'
import { knowledgeEn } from './knowledge.en.ts'
import { knowledgeId } from './knowledge.id.ts'
import type { Topic } from './patterns.ts'

/** StageKind is what the free text of a business stage comes to. */
export type StageKind = 'idea' | 'starting' | 'running' | 'growing' | 'mature'

/** CategoryKind is what the free text of a business category comes to. */
export type CategoryKind =
  'food' | 'retail' | 'fashion' | 'crafts' | 'farming' | 'beauty' | 'repair' | 'digital' | 'education'

/** TopicTips are what is known of one topic: for everybody, and for some stages and categories. */
export type TopicTips = {
  /** One sentence that answers before the list. */
  opening: string
  /** What holds for every business. */
  tips: readonly string[]
  stages: Partial<Record<StageKind, string>>
  categories: Partial<Record<CategoryKind, string>>
  /** What the advisor cannot do, and who can. */
  caution?: string
}

/**
 * Knowledge is what the offline advisor knows of running a small business, in one language. It is reviewed by people and
 * kept free of numbers and statistics, which could be false for the business at hand or become so.
 */
export type Knowledge = {
  stageNames: Record<StageKind, string>
  categoryNames: Record<CategoryKind, string>
  topics: Record<Topic, TopicTips>
  /** What to do next at a stage. */
  nextSteps: Record<StageKind, readonly string[]>
  /** One more step that fits the kind of business. */
  categorySteps: Record<CategoryKind, string>
}

/** KNOWLEDGE is the knowledge in every language. */
export const KNOWLEDGE: Record<Locale, Knowledge> = { en: knowledgeEn, id: knowledgeId }

// The first kind whose words the text contains, in English or Indonesian.
const STAGES: [StageKind, RegExp][] = [
  ['idea', /\bidea|\bide\b|\bplan|rencana|concept|konsep|explor/i],
  ['growing', /grow|scal|tumbuh|kembang|expan|ekspan/i],
  ['mature', /matur|establish|mapan|stable|stabil|dewasa/i],
  ['starting', /start|\bnew\b|baru|launch|rintis|awal|mulai|early|seed|\bpre/i],
]
const CATEGORIES: [CategoryKind, RegExp][] = [
  [
    'food',
    /food|beverage|drink|caf[eé]|coffee|restaurant|cater|bak(?:ery|ing)|kuliner|makan|minum|kopi|warung makan|katering|roti|kue/i,
  ],
  ['farming', /farm|fish|agri|livestock|garden|tani|ternak|ikan|tambak|kebun|pertanian|perikanan/i],
  ['fashion', /fashion|textile|cloth|tailor|batik|apparel|busana|pakaian|konveksi|jahit|tekstil|baju/i],
  ['crafts', /craft|handmade|furniture|wood|pottery|kerajinan|kriya|mebel|anyam|ukir/i],
  ['beauty', /beauty|health|salon|barber|cosmetic|spa\b|kecantikan|kesehatan|pangkas|kosmetik|herbal/i],
  ['digital', /digital|online|software|design|tech|\bit\b|teknologi|desain|media/i],
  ['education', /educat|school|tutor|course|training|pendidikan|kursus|bimbel|les\b|pelatihan|sekolah/i],
  ['repair', /repair|service|laundry|print|workshop|transport|jasa|bengkel|servis|reparasi|cuci|percetakan/i],
  ['retail', /retail|shop|store|grocery|trade|toko|eceran|kelontong|sembako|dagang|warung/i],
]

/** stageKind reads the free text of a business stage; what says nothing else is a running business. */
export function stageKind(stage: string): StageKind {
  return STAGES.find(([, words]) => words.test(stage))?.[0] ?? 'running'
}

/** categoryKind reads the free text of a business category; undefined for one that no tip is about. */
export function categoryKind(category: string): CategoryKind | undefined {
  return CATEGORIES.find(([, words]) => words.test(category))?.[0]
}

import { z } from 'zod'
import { updateProfileBody } from '../../business/index.ts'
import type { ProfileEditor } from '../dependencies.ts'
import type { Locale } from '../failures.ts'
import { defineTool, ToolError } from './tool.ts'

const TOLD = 600

const changesOf = updateProfileBody.describe(
  'only the fields to change; null takes an optional one away, an address is replaced as a whole',
)

/** updatedProfile is what update_business_profile answers: the fields that changed, as they are now. */
export const updatedProfile = z.object({ changed: z.record(z.string(), z.string().nullable()) })

type Changes = z.output<typeof updateProfileBody>
type Field = keyof Changes
const isField = (name: string): name is Field => name in updateProfileBody.shape

/** updateBusinessProfile changes what is said of the run's business, once its owner agrees. */
export function updateBusinessProfile(profiles: ProfileEditor) {
  /** differing are the fields that a call would really change. */
  async function differing(owner: { userId: string; businessId: string }, changes: Changes) {
    const profile = await profiles.profileFor(owner.userId, owner.businessId)
    const fields = Object.keys(changes).filter(isField)
    const different = fields
      .filter((field) => JSON.stringify(profile[field]) !== JSON.stringify(changes[field]))
      .map((field) => ({ field, before: textOf(profile[field]), after: textOf(changes[field]) }))
    if (different.length === 0) throw new ToolError('Nothing would change: the profile says this already.')
    return different
  }

  return defineTool({
    name: 'update_business_profile',
    description:
      "Changes the owner's business profile after the owner has approved it: name, category, stage, description, address, target market, primary goal, time zone (IANA), currency (ISO 4217), and how it stands on the leaderboard. Call it when the owner asks for such a change.",
    input: changesOf,
    output: updatedProfile,
    labels: {
      en: {
        start: 'Changing your business profile',
        end: 'Changed your business profile',
        failed: 'Your business profile was not changed',
      },
      id: {
        start: 'Mengubah profil usaha Anda',
        end: 'Sudah mengubah profil usaha Anda',
        failed: 'Profil usaha Anda tidak diubah',
      },
    },
    async preview({ userId, business, locale }, changes) {
      const different = await differing({ userId, businessId: business.id }, changes)
      return {
        summary: SUMMARIES[locale](business.name),
        changes: different.map(({ field, before, after }) => ({
          label: LABELS[locale][field],
          // Whole: nothing may happen that was not seen.
          before,
          after,
        })),
      }
    },
    async execute({ userId, business }, changes) {
      const different = await differing({ userId, businessId: business.id }, changes)
      const updated = await profiles.updateProfile(userId, business.id, changes)
      return {
        changed: Object.fromEntries(
          different.map(({ field }) => {
            const now = textOf(updated[field])
            return [field, now && cut(now)]
          }),
        ),
      }
    },
  })
}

function textOf(value: Changes[Field]): string | null {
  if (typeof value === 'string') return value
  if (!value) return null
  const parts = [value.street, value.city, value.state, value.zip_code, value.country]
  return parts.filter((part) => part !== null && part !== undefined).join(', ') || null
}

const cut = (text: string) => (text.length <= TOLD ? text : `${text.slice(0, TOLD - 1)}…`)

const SUMMARIES: Record<Locale, (business: string) => string> = {
  en: (business) => `Change the profile of ${business}`,
  id: (business) => `Ubah profil ${business}`,
}

const LABELS: Record<Locale, Record<Field, string>> = {
  en: {
    business_name: 'Name',
    business_category: 'Category',
    business_stage: 'Stage',
    business_description: 'Description',
    address: 'Address',
    target_market: 'Target market',
    primary_goal: 'Goal',
    time_zone: 'Time zone',
    currency: 'Currency',
    board_visibility: 'On the leaderboard',
  },
  id: {
    business_name: 'Nama',
    business_category: 'Kategori',
    business_stage: 'Tahap',
    business_description: 'Deskripsi',
    address: 'Alamat',
    target_market: 'Target pasar',
    primary_goal: 'Tujuan',
    time_zone: 'Zona waktu',
    currency: 'Mata uang',
    board_visibility: 'Di papan peringkat',
  },
}

import { useTranslation } from 'react-i18next'
import { formatNumber } from '../../i18n/format.ts'
import { BadgeIcon } from '../../ui/badge-icon.tsx'
import { AreaField, TextField } from '../../ui/form.tsx'
import { DefinitionsPage } from './definitions-page.tsx'

/** AchievementsPage is where an admin defines what can be unlocked. */
export function AchievementsPage() {
  const { t, i18n } = useTranslation()
  return (
    <DefinitionsPage
      path="/admin/gamification/achievements"
      texts={{
        title: t('admin.achievements'),
        text: t('admin.achievementsText'),
        empty: t('admin.achievementsEmpty'),
        add: t('admin.newAchievement'),
        edit: t('admin.editAchievement'),
        deleteText: t('admin.deleteAchievementText'),
      }}
      nameOf={(achievement) => achievement.title}
      order={(a, b) => a.required_points - b.required_points}
      columns={[
        {
          label: t('admin.titleField'),
          title: true,
          cell: (achievement) => (
            <span className="flex items-center gap-3">
              <BadgeIcon icon={achievement.badge_icon} className="size-9 text-lg" />
              {achievement.title}
            </span>
          ),
        },
        { label: t('admin.description'), cell: (achievement) => achievement.description },
        {
          label: t('admin.requiredPoints'),
          numeric: true,
          cell: (achievement) => formatNumber(achievement.required_points, i18n.language),
        },
      ]}
      fields={(achievement) => (
        <>
          <TextField
            name="title"
            label={t('admin.titleField')}
            defaultValue={achievement?.title}
            required
            maxLength={200}
          />
          <AreaField
            name="description"
            label={t('admin.description')}
            defaultValue={achievement?.description}
            required
          />
          <TextField
            name="required_points"
            label={t('admin.requiredPoints')}
            type="number"
            inputMode="numeric"
            min={0}
            max={1_000_000_000}
            step={1}
            defaultValue={achievement?.required_points}
            required
          />
          <TextField
            name="badge_icon"
            label={t('admin.badge')}
            hint={t('admin.iconHint')}
            defaultValue={achievement?.badge_icon ?? ''}
            maxLength={32}
            optional
          />
        </>
      )}
      inputFrom={(values) => ({
        title: values.text('title'),
        description: values.text('description'),
        required_points: values.number('required_points'),
        badge_icon: values.optional('badge_icon'),
      })}
    />
  )
}

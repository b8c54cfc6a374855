import { useTranslation } from 'react-i18next'
import type { RuleSource } from '../../api/types.ts'
import { formatChange, formatNumber } from '../../i18n/format.ts'
import { ChoiceField, TextField } from '../../ui/form.tsx'
import { activityName } from '../progress/activity-name.ts'
import { DefinitionsPage } from './definitions-page.tsx'

const sources: readonly RuleSource[] = ['owner', 'api_key']

/** RulesPage is where an admin decides what brings points. */
export function RulesPage() {
  const { t, i18n } = useTranslation()
  const sourceNames = { owner: t('admin.sourceOwner'), api_key: t('admin.sourceApiKey') }
  const shortNames = { owner: t('admin.owners'), api_key: t('admin.programs') }
  const orNone = (value: number | null) => (value === null ? '–' : formatNumber(value, i18n.language))
  return (
    <DefinitionsPage
      path="/admin/gamification/rules"
      texts={{
        title: t('admin.rules'),
        text: t('admin.rulesText'),
        empty: t('admin.rulesEmpty'),
        add: t('admin.newRule'),
        edit: t('admin.editRule'),
        deleteText: t('admin.deleteRuleText'),
      }}
      nameOf={(rule) => rule.type}
      order={(a, b) => a.type.localeCompare(b.type)}
      columns={[
        {
          label: t('admin.type'),
          title: true,
          cell: (rule) => (
            <span className="grid">
              <span>{activityName(rule.type, t)}</span>
              <code className="text-sm font-normal text-ink-soft">{rule.type}</code>
            </span>
          ),
        },
        { label: t('admin.points'), numeric: true, cell: (rule) => formatChange(rule.points, i18n.language) },
        { label: t('admin.dailyCap'), numeric: true, cell: (rule) => orNone(rule.daily_cap) },
        { label: t('admin.cooldown'), numeric: true, cell: (rule) => orNone(rule.cooldown_seconds) },
        {
          label: t('admin.sources'),
          cell: (rule) => rule.sources.map((source) => shortNames[source]).join(', ') || t('admin.none'),
        },
        { label: t('admin.state'), cell: (rule) => (rule.active ? t('admin.active') : t('admin.inactive')) },
      ]}
      fields={(rule) => (
        <>
          <TextField
            name="type"
            label={t('admin.type')}
            hint={t('admin.typeHint')}
            defaultValue={rule?.type}
            required
            maxLength={200}
            autoCapitalize="none"
            autoComplete="off"
          />
          <TextField
            name="points"
            label={t('admin.points')}
            type="number"
            inputMode="numeric"
            step={1}
            defaultValue={rule?.points}
            required
          />
          <TextField
            name="daily_cap"
            label={t('admin.dailyCap')}
            hint={t('admin.dailyCapHint')}
            type="number"
            inputMode="numeric"
            min={0}
            step={1}
            defaultValue={rule?.daily_cap ?? ''}
            optional
          />
          <TextField
            name="cooldown_seconds"
            label={t('admin.cooldown')}
            hint={t('admin.cooldownHint')}
            type="number"
            inputMode="numeric"
            min={0}
            step={1}
            defaultValue={rule?.cooldown_seconds ?? ''}
            optional
          />
          <fieldset className="grid gap-2">
            <legend className="mb-2 font-semibold">{t('admin.sources')}</legend>
            {sources.map((source) => (
              <ChoiceField
                key={source}
                type="checkbox"
                name="sources"
                value={source}
                defaultChecked={rule?.sources.includes(source) ?? true}
                label={sourceNames[source]}
              />
            ))}
          </fieldset>
          <ChoiceField
            type="checkbox"
            name="active"
            value="yes"
            defaultChecked={rule?.active ?? true}
            label={t('admin.active')}
          />
        </>
      )}
      inputFrom={(values) => ({
        type: values.text('type'),
        points: values.number('points'),
        daily_cap: values.optionalNumber('daily_cap'),
        cooldown_seconds: values.optionalNumber('cooldown_seconds'),
        sources: sources.filter((source) => values.all('sources').includes(source)),
        active: values.text('active') === 'yes',
      })}
    />
  )
}

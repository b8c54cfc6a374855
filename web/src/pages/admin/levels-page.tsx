import { useTranslation } from 'react-i18next'
import { formatNumber } from '../../i18n/format.ts'
import { TextField } from '../../ui/form.tsx'
import { DefinitionsPage } from './definitions-page.tsx'

/** LevelsPage is where an admin builds the ladder. */
export function LevelsPage() {
  const { t, i18n } = useTranslation()
  return (
    <DefinitionsPage
      path="/admin/business/levels"
      texts={{
        title: t('admin.levels'),
        text: t('admin.levelsText'),
        empty: t('admin.levelsEmpty'),
        add: t('admin.newLevel'),
        edit: t('admin.editLevel'),
        deleteText: t('admin.deleteLevelText'),
      }}
      nameOf={(level) => level.name}
      order={(a, b) => a.required_points - b.required_points}
      columns={[
        { label: t('admin.name'), title: true, cell: (level) => [level.icon, level.name].filter(Boolean).join(' ') },
        {
          label: t('admin.requiredPoints'),
          numeric: true,
          cell: (level) => formatNumber(level.required_points, i18n.language),
        },
        { label: t('admin.order'), numeric: true, cell: (level) => level.order ?? '–' },
      ]}
      fields={(level) => (
        <>
          <TextField name="name" label={t('admin.name')} defaultValue={level?.name} required maxLength={200} />
          <TextField
            name="required_points"
            label={t('admin.requiredPoints')}
            type="number"
            inputMode="numeric"
            min={0}
            max={1_000_000_000}
            step={1}
            defaultValue={level?.required_points}
            required
          />
          <TextField
            name="icon"
            label={t('admin.icon')}
            hint={t('admin.iconHint')}
            defaultValue={level?.icon ?? ''}
            maxLength={32}
            optional
          />
          <TextField
            name="order"
            label={t('admin.order')}
            hint={t('admin.orderHint')}
            type="number"
            inputMode="numeric"
            step={1}
            defaultValue={level?.order ?? ''}
            optional
          />
        </>
      )}
      inputFrom={(values) => {
        const order = values.optionalNumber('order')
        return {
          name: values.text('name'),
          required_points: values.number('required_points'),
          icon: values.optional('icon'),
          ...(order !== null && { order }),
        }
      }}
    />
  )
}

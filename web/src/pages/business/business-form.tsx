import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { browserLocale } from '../../i18n/language.ts'
import type { Address, Business, BusinessInput, BoardVisibility } from '../../api/types.ts'
import { Button } from '../../ui/button.tsx'
import { AreaField, ChoiceField, Form, SelectField, TextField, type FormValues } from '../../ui/form.tsx'
import { currencies, currencyFor, deviceTimeZone, timeZones } from './place.ts'

type BusinessFormProps = {
  business?: Business
  submit: string
  pending: boolean
  error: unknown
  onSubmit: (input: BusinessInput) => void
}

const visibilities: readonly BoardVisibility[] = ['shown', 'alias', 'hidden']

/** BusinessForm describes a business: a new one, or the one given. */
export function BusinessForm({ business, submit, pending, error, onSubmit }: BusinessFormProps) {
  const { t, i18n } = useTranslation()
  const zone = business?.time_zone ?? deviceTimeZone()
  const currency = business ? business.currency : currencyFor(zone, browserLocale())
  const zones = useMemo(() => timeZones(zone), [zone])
  const moneys = useMemo(() => currencies(currency, i18n.language), [currency, i18n.language])
  const address = business?.address

  return (
    <Form error={error} onSubmit={(values) => onSubmit(inputFrom(values, business))} className="gap-5">
      <TextField
        name="business_name"
        label={t('business.name')}
        defaultValue={business?.business_name}
        required
        maxLength={200}
        autoComplete="organization"
      />
      <div className="grid gap-5 sm:grid-cols-2">
        <TextField
          name="business_category"
          label={t('business.category')}
          hint={t('business.categoryHint')}
          defaultValue={business?.business_category}
          suggestions={Object.values(t('business.categories', { returnObjects: true }))}
          required
          maxLength={100}
          autoComplete="off"
        />
        <TextField
          name="business_stage"
          label={t('business.stage')}
          hint={t('business.categoryHint')}
          defaultValue={business?.business_stage}
          suggestions={Object.values(t('business.stages', { returnObjects: true }))}
          required
          maxLength={100}
          autoComplete="off"
        />
      </div>
      <AreaField
        name="business_description"
        label={t('business.description')}
        defaultValue={business?.business_description ?? ''}
        optional
      />
      <AreaField
        name="target_market"
        label={t('business.targetMarket')}
        defaultValue={business?.target_market ?? ''}
        rows={2}
        optional
      />
      <AreaField
        name="primary_goal"
        label={t('business.primaryGoal')}
        hint={t('business.goalHint')}
        defaultValue={business?.primary_goal ?? ''}
        rows={2}
        optional
      />
      <div className="grid gap-5 sm:grid-cols-2">
        <SelectField name="time_zone" label={t('business.timeZone')} defaultValue={zone}>
          {zones.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </SelectField>
        <SelectField name="currency" label={t('business.currency')} defaultValue={currency ?? ''}>
          {!business && <option value="">{t('business.currencyDefault')}</option>}
          {moneys.map(({ code, name }) => (
            <option key={code} value={code}>
              {name}
            </option>
          ))}
        </SelectField>
      </div>
      <details className="rounded-xl border border-line" open={address ? true : undefined}>
        <summary className="min-h-11 rounded-xl px-3 py-2.5 font-semibold">
          {t('business.address')} <span className="font-normal text-ink-soft">({t('app.optional')})</span>
        </summary>
        <div className="grid gap-4 p-3 sm:grid-cols-2">
          <div className="sm:col-span-2">
            <TextField
              name="address.street"
              label={t('business.street')}
              defaultValue={address?.street ?? ''}
              maxLength={200}
              autoComplete="street-address"
            />
          </div>
          <TextField
            name="address.city"
            label={t('business.city')}
            defaultValue={address?.city ?? ''}
            maxLength={200}
            autoComplete="address-level2"
          />
          <TextField
            name="address.state"
            label={t('business.state')}
            defaultValue={address?.state ?? ''}
            maxLength={200}
            autoComplete="address-level1"
          />
          <TextField
            name="address.zip_code"
            label={t('business.zipCode')}
            defaultValue={address?.zip_code ?? ''}
            maxLength={200}
            autoComplete="postal-code"
          />
          <TextField
            name="address.country"
            label={t('business.country')}
            defaultValue={address?.country ?? ''}
            maxLength={200}
            autoComplete="country-name"
          />
        </div>
      </details>
      {business && (
        <fieldset className="grid gap-2">
          <legend className="mb-2 font-semibold">{t('business.visibility')}</legend>
          {visibilities.map((value) => (
            <ChoiceField
              key={value}
              name="board_visibility"
              value={value}
              defaultChecked={business.board_visibility === value}
              label={t(`business.${value}`)}
              text={t(`business.${value}Text`)}
            />
          ))}
        </fieldset>
      )}
      <Button type="submit" pending={pending} className="justify-self-start">
        {submit}
      </Button>
    </Form>
  )
}

function inputFrom(values: FormValues, business: Business | undefined): BusinessInput {
  const address = addressFrom(values)
  const visibility = visibilities.find((known) => known === values.text('board_visibility'))
  // What was left empty is not sent for a new business, and erased from one that had it.
  const optional = (name: string) => values.optional(name) ?? (business ? null : undefined)
  return {
    business_name: values.text('business_name'),
    business_category: values.text('business_category'),
    business_stage: values.text('business_stage'),
    business_description: optional('business_description'),
    target_market: optional('target_market'),
    primary_goal: optional('primary_goal'),
    time_zone: values.text('time_zone'),
    ...(values.text('currency') && { currency: values.text('currency') }),
    ...((address || business?.address) && { address }),
    ...(visibility && { board_visibility: visibility }),
  }
}

function addressFrom(values: FormValues): Address | null {
  const address = {
    street: values.optional('address.street'),
    city: values.optional('address.city'),
    state: values.optional('address.state'),
    zip_code: values.optional('address.zip_code'),
    country: values.optional('address.country'),
  }
  return Object.values(address).some(Boolean) ? address : null
}

const currencyByRegion: Record<string, string> = {
  ID: 'IDR',
  MY: 'MYR',
  SG: 'SGD',
  PH: 'PHP',
  TH: 'THB',
  VN: 'VND',
  IN: 'INR',
  BD: 'BDT',
  PK: 'PKR',
  LK: 'LKR',
  JP: 'JPY',
  CN: 'CNY',
  KR: 'KRW',
  AU: 'AUD',
  NZ: 'NZD',
  US: 'USD',
  CA: 'CAD',
  MX: 'MXN',
  BR: 'BRL',
  GB: 'GBP',
  DE: 'EUR',
  FR: 'EUR',
  ES: 'EUR',
  IT: 'EUR',
  NL: 'EUR',
  AT: 'EUR',
  BE: 'EUR',
  PT: 'EUR',
  IE: 'EUR',
  FI: 'EUR',
  CH: 'CHF',
  KE: 'KES',
  NG: 'NGN',
  GH: 'GHS',
  ZA: 'ZAR',
  EG: 'EGP',
  TR: 'TRY',
  AE: 'AED',
  SA: 'SAR',
}

const indonesianZones = new Set(['Asia/Jakarta', 'Asia/Pontianak', 'Asia/Makassar', 'Asia/Jayapura'])

/**
 * currencyFor guesses a currency from where the device is set up: the time zone tells Indonesia even where the device
 * speaks English; else the region of its locale. Undefined where it would be a wild guess.
 */
export function currencyFor(timeZone: string, locale: string): string | undefined {
  if (indonesianZones.has(timeZone)) return 'IDR'
  const region = new Intl.Locale(locale).region
  return region === undefined ? undefined : currencyByRegion[region]
}

/** deviceTimeZone is the IANA name of the device's time zone. */
export function deviceTimeZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone
}

/** timeZones are all that the browser knows, and the given one, which a server may know alone. */
export function timeZones(current: string): string[] {
  return [...new Set(['UTC', current, ...Intl.supportedValuesOf('timeZone')])].sort()
}

/** currencies are all that the browser knows, by code, with their names in the given language. */
export function currencies(current: string | undefined, locale: string): { code: string; name: string }[] {
  const names = new Intl.DisplayNames(locale, { type: 'currency' })
  const codes = new Set([...(current ? [current] : []), ...Intl.supportedValuesOf('currency')])
  return [...codes].sort().map((code) => ({ code, name: `${code} · ${names.of(code) ?? code}` }))
}

import { Icon, type IconName } from './icon.tsx'

const emoji = /\p{Extended_Pictographic}|\p{Regional_Indicator}/u
const named: Record<string, IconName> = {
  trophy: 'trophy',
  medal: 'trophy',
  star: 'star',
  ladder: 'ladder',
  shop: 'shop',
  store: 'shop',
  chat: 'chat',
  shield: 'shield',
  key: 'key',
}

/** BadgeIcon shows what an admin chose as an icon: an emoji as it is, a known name as a drawing, anything else as a star. */
export function BadgeIcon({
  icon,
  dimmed = false,
  className = 'size-12 text-2xl',
}: {
  icon: string | null
  dimmed?: boolean
  className?: string
}) {
  const colours = dimmed ? 'bg-sunken text-ink-soft' : 'bg-sun text-sun-ink'
  return (
    <span
      aria-hidden="true"
      className={`inline-flex shrink-0 items-center justify-center rounded-full leading-none ${colours} ${className}`}
    >
      {icon && emoji.test(icon) ? (
        <span className={dimmed ? 'opacity-60 grayscale' : ''}>{icon}</span>
      ) : (
        <Icon name={named[icon?.toLowerCase() ?? ''] ?? 'star'} className="size-1/2" />
      )}
    </span>
  )
}

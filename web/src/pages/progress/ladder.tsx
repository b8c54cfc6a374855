import { useTranslation } from 'react-i18next'
import type { Level } from '../../api/types.ts'
import type { LadderView } from './ladder-view.ts'

const rowPx = 52
const widthPx = 64

/** Ladder draws the levels around the climber as rungs, filled up to where the business stands. */
export function Ladder({ view }: { view: LadderView<Level> }) {
  const { t } = useTranslation()
  if (view.rungs.length === 0) return <p className="text-ink-soft">{t('progress.ladderEmpty')}</p>
  const heightPx = view.rungs.length * rowPx
  const y = (height: number) => heightPx - rowPx / 2 - height * rowPx
  const climber = Math.min(heightPx - 10, Math.max(10, y(view.height)))
  return (
    <div className="flex items-stretch gap-4">
      <svg
        width={widthPx}
        height={heightPx}
        viewBox={`0 0 ${widthPx} ${heightPx}`}
        aria-hidden="true"
        className="shrink-0"
        fill="none"
        strokeLinecap="round"
      >
        <g className="stroke-line" strokeWidth="6">
          <path d={`M14 4V${heightPx - 4}M50 4V${heightPx - 4}`} />
        </g>
        <g className="stroke-accent" strokeWidth="6">
          <path d={`M14 ${climber}V${heightPx - 4}M50 ${climber}V${heightPx - 4}`} />
        </g>
        {view.rungs.map(({ level, state }, index) => (
          <path
            key={level.id}
            d={`M14 ${y(index)}H50`}
            strokeWidth="6"
            className={state === 'ahead' ? 'stroke-line' : 'stroke-accent'}
          />
        ))}
        <circle cx="32" cy={climber} r="9" className="fill-sun stroke-accent" strokeWidth="3" />
      </svg>
      <ol aria-label={t('progress.ladder')} reversed className="flex min-w-0 grow flex-col-reverse">
        {view.rungs.map(({ level, state }) => (
          <li
            key={level.id}
            aria-current={state === 'current' ? 'step' : undefined}
            className="flex h-13 flex-col justify-center leading-tight"
          >
            <span
              className={`truncate ${state === 'current' ? 'font-bold text-accent' : state === 'ahead' ? 'text-ink-soft' : 'font-semibold'}`}
            >
              {level.icon && <span aria-hidden="true">{level.icon} </span>}
              {level.name}
            </span>
            <span className="text-sm text-ink-soft">
              {t('progress.pointsCount', { count: level.required_points })}
              {state === 'reached' && <span className="sr-only">, {t('progress.reached')}</span>}
              {state === 'current' && <span className="font-semibold text-accent"> · {t('progress.youAreHere')}</span>}
            </span>
          </li>
        ))}
      </ol>
    </div>
  )
}

import { Fragment } from 'react'
import { useTranslation } from 'react-i18next'
import { Icon } from '../../ui/icon.tsx'
import { Spinner } from '../../ui/spinner.tsx'
import { humanised } from '../progress/activity-name.ts'
import { ApprovalCard } from './approval-card.tsx'
import type { ToolActivity } from './run-view.ts'

/**
 * ToolList shows what the advisor did for an answer; each line opens to what it asked and what came back. With the run it
 * belongs to, it also asks for approvals.
 */
export function ToolList({ tools, runId }: { tools: readonly ToolActivity[]; runId?: string | undefined }) {
  if (tools.length === 0) return null
  return (
    <ul className="mb-3 grid gap-1.5">
      {tools.map((tool) => (
        <Fragment key={tool.callId}>
          {tool.approval && runId !== undefined && (
            <li>
              <ApprovalCard runId={runId} approval={tool.approval} waiting={tool.state === 'running'} />
            </li>
          )}
          {!(tool.approval && !tool.approval.decision && tool.state === 'running') && <ToolLine tool={tool} />}
        </Fragment>
      ))}
    </ul>
  )
}

function ToolLine({ tool }: { tool: ToolActivity }) {
  const { t } = useTranslation()
  const names: Partial<Record<string, string>> = t('chat.tools', { returnObjects: true })
  const name = (Object.hasOwn(names, tool.tool) ? names[tool.tool] : undefined) ?? tool.message ?? humanised(tool.tool)
  const state = { running: t('chat.toolRunning'), done: t('chat.toolDone'), failed: t('chat.toolFailed') }[tool.state]
  return (
    <li data-testid="tool" data-state={tool.state}>
      <details className="rounded-xl border border-line bg-sunken text-sm">
        <summary className="flex min-h-11 items-center gap-2 rounded-xl px-3 py-1.5">
          {tool.state === 'running' ? (
            <Spinner className="size-4 text-accent" />
          ) : (
            <Icon
              name={tool.state === 'done' ? 'check' : 'warning'}
              className={`size-4 ${tool.state === 'done' ? 'text-accent' : 'text-danger'}`}
            />
          )}
          <span className="min-w-0 grow font-semibold wrap-anywhere">{name}</span>
          <span className={tool.state === 'failed' ? 'text-danger' : 'text-ink-soft'}>{state}</span>
        </summary>
        <div className="grid gap-2 px-3 pb-3">
          <Value label={t('chat.toolArgs')} value={tool.args} />
          {tool.output !== undefined && <Value label={t('chat.toolOutput')} value={tool.output} />}
        </div>
      </details>
    </li>
  )
}

function Value({ label, value }: { label: string; value: unknown }) {
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2)
  return (
    <div>
      <p className="text-ink-soft">{label}</p>
      <pre
        tabIndex={0}
        aria-label={label}
        className="max-h-60 overflow-auto rounded-lg bg-surface p-2 text-xs whitespace-pre-wrap wrap-anywhere"
      >
        {text}
      </pre>
    </div>
  )
}

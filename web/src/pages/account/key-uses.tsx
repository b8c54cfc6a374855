import { useTranslation } from 'react-i18next'
import { Card } from '../../ui/card.tsx'
import { CopyLine } from '../../ui/copy-line.tsx'

const model = 'tangga'

/** KeyUses says where personal keys go, with the addresses of this very server to paste. */
export function KeyUses() {
  const { t } = useTranslation()
  const chat = `${location.origin}/openai/v1`
  const agents = `${location.origin}/mcp`
  const settings = {
    mcpServers: { tangga: { type: 'http', url: agents, headers: { Authorization: 'Bearer tgp_…' } } },
  }
  return (
    <>
      <Card title={t('keys.chatTitle')}>
        <div className="grid grid-cols-1 gap-3">
          <p className="max-w-prose text-ink-soft">{t('keys.chatText')}</p>
          <CopyLine text={chat} label={t('keys.chatAddress')} />
          <CopyLine text={model} label={t('keys.model')} />
          <p className="text-sm text-ink-soft">{t('keys.conversations')}</p>
        </div>
      </Card>
      <Card title={t('keys.agentTitle')}>
        <div className="grid grid-cols-1 gap-3">
          <p className="max-w-prose text-ink-soft">{t('keys.agentText')}</p>
          <CopyLine text={agents} label={t('keys.agentAddress')} />
          <pre
            tabIndex={0}
            aria-label={t('keys.agentSettings')}
            className="overflow-x-auto rounded-xl border border-line-strong bg-sunken p-3 text-sm"
          >
            {JSON.stringify(settings, null, 2)}
          </pre>
        </div>
      </Card>
      <p className="text-sm text-ink-soft">
        <a href="/docs" className="font-semibold text-accent underline">
          {t('keys.reference')}
        </a>
      </p>
    </>
  )
}

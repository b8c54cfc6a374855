import './app.css'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { I18nextProvider } from 'react-i18next'
import { session } from './api/browser-session.ts'
import { queryClient } from './api/query-client.ts'
import { applyTheme } from './app/theme.ts'
import { i18n } from './i18n/i18n.ts'
import { router } from './router.tsx'
import { Toasts } from './ui/toasts.tsx'

applyTheme()

// What one person has read must never be shown to the next; the routes then lead to where the change belongs.
session.listen((change) => {
  if (change === 'signed-out') queryClient.clear()
  else void queryClient.resetQueries()
  void router.invalidate()
})

const root = document.getElementById('root')
if (!root) throw new Error('index.html has no #root')
createRoot(root).render(
  <StrictMode>
    <I18nextProvider i18n={i18n}>
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
        <Toasts />
      </QueryClientProvider>
    </I18nextProvider>
  </StrictMode>,
)

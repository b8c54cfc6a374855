import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

// In development the server runs beside Vite, on the port that both are told.
const server = `http://127.0.0.1:${process.env['PORT'] ?? 8000}`

/** The build of the web app: hashed files in `dist`, nothing inlined, because the server's CSP allows only its own files. */
export default defineConfig({
  plugins: [react(), tailwindcss()],
  build: {
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        // What every page needs in one file that stays in the browser's cache from release to release.
        codeSplitting: {
          groups: [
            { name: 'vendor', test: /node_modules\/(react|react-dom|scheduler|@tanstack|i18next|react-i18next)\// },
          ],
        },
      },
    },
  },
  server: { port: 5173, proxy: { '/api': server, '/docs': server } },
})

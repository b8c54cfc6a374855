import { defineConfig } from 'drizzle-kit'

// Read by drizzle-kit, which `npm run generate migrations` calls from the project's root. That script names a temporary
// output folder through DRIZZLE_OUT, so that a half-made migration never lands among the good ones.
export default defineConfig({
  dialect: 'postgresql',
  casing: 'snake_case',
  schema: ['server/src/platform/*/schema.ts', 'server/src/modules/*/schema.ts'],
  out: process.env['DRIZZLE_OUT'] ?? 'server/migrations',
})

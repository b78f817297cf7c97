import { defineConfig } from 'vitest/config'
import { common } from './vitest.config.ts'

// What takes minutes by itself, and keeps the machine busy meanwhile: `npm run test:long`.
export default defineConfig({
  test: { ...common, include: ['test/long/**/*.test.ts'], maxWorkers: 1 },
})

import { defineConfig } from 'vitest/config'
import ordinary from './vitest.config.ts'

// What takes minutes by itself, and keeps the machine busy meanwhile: `npm run test:long`.
export default defineConfig({
  test: { ...ordinary.test, include: ['test/long/**/*.test.ts'], exclude: [], maxWorkers: 1 },
})

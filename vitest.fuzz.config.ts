import { defineConfig } from 'vitest/config'

/** Broken frames: `make fuzz`. SEED and FRAMES say which and how many. */
export default defineConfig({
  test: {
    environment: 'node',
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 240_000,
    hookTimeout: 60_000,
    root: 'broker-image',
    include: ['test/fuzz/*.fuzz.ts'],
  },
})

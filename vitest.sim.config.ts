import { defineConfig } from 'vitest/config'

/** The simulation: `make sim`. SEED and SEEDS say which worlds are lived. */
export default defineConfig({
  test: {
    environment: 'node',
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    root: 'broker-image',
    include: ['test/sim/*.sim.ts'],
  },
})

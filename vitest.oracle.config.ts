import { defineConfig } from 'vitest/config'

/** The comparison with RabbitMQ 3.10: `make oracle`. */
export default defineConfig({
  test: {
    environment: 'node',
    pool: 'forks',
    maxWorkers: 1,
    maxConcurrency: 16,
    testTimeout: 60_000,
    root: 'broker-image',
    include: ['test/oracle/*.oracle.ts'],
  },
})

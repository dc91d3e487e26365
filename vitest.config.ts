import { defineConfig } from 'vitest/config'

/** What is waited for may take long on a busy machine: only the limit of the test ends a wait. */
const waits = { poll: { timeout: 25_000 } }

const common = { environment: 'node', pool: 'forks', testTimeout: 30_000, hookTimeout: 60_000, expect: waits } as const

/** One project a workspace; the real-cluster tier has its own configuration under test-e2e. */
export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          ...common,
          name: 'root',
          include: ['*.test.ts', 'bench/**/*.test.ts', 'charts/**/*.test.ts', 'crds/**/*.test.ts'],
        },
      },
      { test: { ...common, name: 'broker', root: 'broker-image', include: ['{src,test}/**/*.test.ts'] } },
      { test: { ...common, name: 'operator', root: 'operator', include: ['{src,test}/**/*.test.ts'] } },
    ],
  },
})

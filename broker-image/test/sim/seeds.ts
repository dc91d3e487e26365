/** The tests of `make sim`: a share of the seeds of one run, in blocks. */
import { expect, test } from 'vitest'
import { seedsOf } from './draw.ts'
import { type Outcome, simulate } from './simulation.ts'

const SEEDS = 1_000
const BLOCK_SEEDS = 10

/** Defines the tests of share `share` of `shares`; each share may run in a process of its own. */
export function testShare(share: number, shares: number): void {
  const text = process.env['SEED'] ?? ''
  if (text === '') throw new Error('SEED is not set: `make sim` sets it')
  const seeds = seedsOf(text, Number(process.env['SEEDS'] ?? SEEDS)).filter((_, i) => i % shares === share)
  for (let from = 0; from < seeds.length; from += BLOCK_SEEDS) {
    const block = seeds.slice(from, from + BLOCK_SEEDS)
    test(`nothing confirmed is lost, and all comes to rest: SEED=${block[0]} and ${block.length - 1} more`, async () => {
      for (const seed of block) {
        const outcome = await simulate(seed)
        if (outcome.error !== null) expect.fail(report(outcome, text))
      }
    })
  }
  if (seeds.length === 0) test.skip('no seed is left for this share', () => {})
}

function report({ seed, parameters, error, told }: Outcome, text: string): string {
  const why = error instanceof Error ? error.stack : String(error)
  const lines = [`SEED=${seed} SEEDS=1 make sim`, `(of SEED=${text})`, JSON.stringify(parameters), ...told, why]
  return lines.join('\n')
}

/** Every probe is played on RabbitMQ 3.10 and on Warren: they differ nowhere but where we say so. */
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Brokers, startBrokers } from './brokers.ts'
import { KNOWN_DIFFERENCES } from './known-differences.ts'
import { type Probe, parseProbes, play } from './scene.ts'

/** How long a broker must be silent before a step is over. A difference counts if the longest shows it as well. */
const QUIET_MS = [25, 100, 400]

/** The comparison is worth its name. */
const PROBES_MIN = 300

const folder = path.join(import.meta.dirname, 'probes')
const subjects = globSync('*.txt', { cwd: folder })
  .sort()
  .map(file => ({
    subject: path.basename(file, '.txt'),
    probes: parseProbes(readFileSync(path.join(folder, file), 'utf8')),
  }))

let brokers: Brokers

beforeAll(async () => {
  brokers = await startBrokers()
}, 120_000)

afterAll(() => brokers?.stop(), 60_000)

describe.each(subjects)('$subject', ({ subject, probes }) => {
  test.concurrent.each(probes)('$name', async probe => {
    const { ours, theirs } = await compared(probe, `${subject}-${probes.indexOf(probe)}`)
    const isKnown = KNOWN_DIFFERENCES.some(({ probes: known }) => known[subject]?.includes(probe.name))
    if (!isKnown) expect(ours).toBe(theirs)
    else expect(ours, 'a known difference is none any more').not.toBe(theirs)
  })
})

test('every known difference names a probe', () => {
  const named = KNOWN_DIFFERENCES.flatMap(({ probes }) =>
    Object.entries(probes).flatMap(([subject, names]) => names.map(name => `${subject}: ${name}`)),
  )
  const all = subjects.flatMap(({ subject, probes }) => probes.map(({ name }) => `${subject}: ${name}`))
  expect(named.filter(name => !all.includes(name))).toEqual([])
  expect(all.length).toBe(new Set(all).size)
  expect(all.length).toBeGreaterThanOrEqual(PROBES_MIN)
})

async function compared(probe: Probe, id: string): Promise<{ ours: string; theirs: string }> {
  let outcomes = { ours: '', theirs: '' }
  for (const quietMs of QUIET_MS) {
    const vhost = `oracle-${id}-${quietMs}.`
    const [theirs, ours] = await Promise.all([
      play(brokers.rabbitmq, probe, vhost, quietMs),
      play(brokers.warren, probe, vhost, quietMs),
    ])
    outcomes = { ours, theirs }
    if (ours === theirs) break
  }
  return outcomes
}

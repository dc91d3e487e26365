/** Killed with -9 while it recovers, again and again, a log on real files recovers in the end to what it held. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { CHECKPOINT_TEMPORARY_FILE } from '../../src/log/checkpoint.ts'
import { temporaryFolder } from '../interop/broker-process.ts'
import { MemoryDisk, seeded } from '../log/memory-disk.ts'
import { flush, openLog, publish, settle } from '../log/owner.ts'
import { randomFrom } from './load.ts'

const CHILD = fileURLToPath(new URL('recovery-child.ts', import.meta.url))
const ROUNDS = 4
const KILLS_IN_A_ROW = 4

const folder = temporaryFolder()
afterAll(() => folder.remove())

type Answer = { calls: number; held: [queue: number, seqs: number[]][] }

/** Answers what a recovery found, or null if it was killed. */
function recovered(data: string, killAt: number): Answer | null {
  const child = spawnSync(process.execPath, [CHILD, data, `${killAt}`], { encoding: 'utf8' })
  if (child.signal === 'SIGKILL') return null
  if (child.status !== 0) throw new Error(child.stderr)
  return JSON.parse(child.stdout)
}

/** Writes down a log whose process ended without a word: dead segments, checkpoints, one more begun. Answers what lives. */
function leaveBehind(data: string): Answer['held'] {
  const disk = new MemoryDisk(seeded(1))
  const open = openLog(disk, { uncheckpointedMax: 1 })
  for (let seq = 1; seq <= 60; seq++) {
    publish(open, [1, 2], Buffer.alloc(500, seq))
    if (seq > 5) settle(open, 1, seq - 5, 1)
    if (seq % 7 > 0) settle(open, 2, seq, 1)
    flush(open, disk)
  }
  mkdirSync(data)
  for (const name of disk.list()) writeFileSync(path.join(data, name), disk.contentOf(name))
  writeFileSync(path.join(data, CHECKPOINT_TEMPORARY_FILE), 'half a checkpoint')
  return [...open.queues.queues].map(([id, { live }]) => [id, [...live.keys()]])
}

test('killed at any call to the file system, and the next recovery at another, nothing is lost', {
  timeout: 120_000,
}, () => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
  console.log(`SEED=${seed}`)
  const random = randomFrom(seed)
  const original = path.join(folder.path, 'original')
  const held = leaveBehind(original)
  const undisturbed = path.join(folder.path, 'undisturbed')
  cpSync(original, undisturbed, { recursive: true })
  const whole = recovered(undisturbed, 0)!
  expect(whole.held).toEqual(held)
  for (let round = 0; round < ROUNDS; round++) {
    const data = path.join(folder.path, `round-${round}`)
    cpSync(original, data, { recursive: true })
    const kills = Array.from({ length: KILLS_IN_A_ROW }, () => 1 + Math.floor(random() * whole.calls))
    const killed = kills.filter(killAt => recovered(data, killAt) === null)
    expect(killed.length).toBeGreaterThan(0)
    expect(recovered(data, 0)?.held, `SEED=${seed}, killed at ${kills}`).toEqual(held)
  }
})

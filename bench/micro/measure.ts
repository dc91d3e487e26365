/** How fast one operation is, and what it allocates: the figures of the micro benchmarks. */

const WARM_UP_MS = 300
const RUN_MS = 150
const RUNS = 5
/** Operations between two looks at the event loop: its timers and writes go on in between. */
const BATCH = 10_000
/** Few enough that what they allocate fits into the young generation: no collection hides anything. */
const SAMPLED = 20_000

/**
 * Prints operations a second of processor time (median of 5 runs) and bytes that one leaves on the JavaScript heap, garbage included.
 * Needs `--expose-gc` and a large young generation (`--min-semi-space-size`): `make bench-micro` has them.
 */
export async function measure(name: string, operation: () => void): Promise<void> {
  await run(operation, WARM_UP_MS)
  const runs: number[] = []
  for (let i = 0; i < RUNS; i++) runs.push(await run(operation, RUN_MS))
  const perSecond = runs.toSorted((a, b) => a - b)[RUNS >> 1]!
  const bytes = allocated(operation)
  const nanoseconds = `${(1e9 / perSecond).toFixed(1)} ns`.padStart(12)
  const rate = `${(perSecond / 1e6).toFixed(3)} M/s`.padStart(14)
  console.log(`${name.padEnd(56)}${rate}${nanoseconds}${`${bytes.toFixed(1)} B`.padStart(12)}`)
}

/** Operations a second of processor time: what else the machine does counts little. */
async function run(operation: () => void, forMs: number): Promise<number> {
  let count = 0
  let busyMs = 0
  while (busyMs < forMs) {
    const before = threadMs()
    for (let i = 0; i < BATCH; i++) operation()
    busyMs += threadMs() - before
    count += BATCH
    await new Promise(resolve => setImmediate(resolve))
  }
  return (count / busyMs) * 1000
}

/** Processor time of this thread alone: not of those that compile and collect garbage beside it. */
function threadMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

/** Bytes of JavaScript heap for each operation. */
function allocated(operation: () => void): number {
  if (globalThis.gc === undefined) throw new Error('start with --expose-gc (make bench-micro)')
  globalThis.gc()
  const before = process.memoryUsage().heapUsed
  for (let i = 0; i < SAMPLED; i++) operation()
  return Math.max(0, process.memoryUsage().heapUsed - before) / SAMPLED
}

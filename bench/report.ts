/** Turns measured figures into the table of results (Markdown). */
import type { Goal, Row } from './cases.ts'
import type { PeerName } from './peers.ts'

/** The values of one row by peer, one a turn. */
export type Measured = { readonly row: Row; readonly values: ReadonlyMap<PeerName, readonly number[]> }

/** What a load cost by peer, one value a turn: µs of the broker's processor time a message, and percent of a core for ours. */
export type Cost = {
  readonly label: string
  readonly micros: ReadonlyMap<PeerName, readonly number[]>
  readonly generator: ReadonlyMap<PeerName, readonly number[]>
}

export type Outcome = 'reached' | 'not reached' | 'no figure' | ''

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Warren's median over the other peer's; undefined where one has no figure. */
export function ratio(measured: Measured, other: PeerName): number | undefined {
  const [ours, theirs] = [measured.values.get('warren') ?? [], measured.values.get(other) ?? []]
  return ours.length === 0 || theirs.length === 0 ? undefined : median(ours) / median(theirs)
}

export function outcome(measured: Measured): Outcome {
  const { goal } = measured.row
  if (goal === undefined) return ''
  const ours = measured.values.get('warren') ?? []
  const isAbsolute = 'atMost' in goal || 'atLeast' in goal
  const value = isAbsolute ? (ours.length > 0 ? median(ours) : undefined) : ratio(measured, 'rabbitmq')
  if (value === undefined) return 'no figure'
  return reached(goal, value) && ceilingReached(measured) ? 'reached' : 'not reached'
}

function reached(goal: NonNullable<Goal>, value: number): boolean {
  if ('ratioAtLeast' in goal) return value >= goal.ratioAtLeast
  if ('atLeast' in goal) return value >= goal.atLeast
  return value <= ('ratioAtMost' in goal ? goal.ratioAtMost : goal.atMost)
}

/** A run without the ceiling program says nothing about it. */
function ceilingReached(measured: Measured): boolean {
  const { goal } = measured.row
  const least = goal !== undefined && 'ceilingAtLeast' in goal ? goal.ceilingAtLeast! : 0
  return (ratio(measured, 'ceiling') ?? least) >= least
}

const HEAD = ['case', 'unit', 'Warren', 'RabbitMQ 3.10', 'Warren / RabbitMQ', 'goal', '']
const CEILING_HEAD = ['ceiling', 'Warren / ceiling']

export function table(all: readonly Measured[], withCeiling: boolean): string {
  const head = withCeiling ? [...HEAD, ...CEILING_HEAD] : HEAD
  return markdown(
    head,
    all.map(measured => cells(measured, withCeiling)),
  )
}

const COST_HEAD = ['case', 'Warren, µs', 'RabbitMQ 3.10, µs', 'Warren / RabbitMQ', 'generator, % of a core']

/** Processor time holds on a machine that is busy otherwise too, where rates do not. */
export function costTable(all: readonly Cost[]): string {
  const lines = all.map(({ label, micros, generator }) => {
    const of = (peer: PeerName) => micros.get(peer)
    const [ours, theirs] = [of('warren'), of('rabbitmq')]
    const compared = ours && theirs ? ratioText(median(ours) / median(theirs)) : '–'
    const busy = (['warren', 'rabbitmq'] as const).map(peer => {
      const shares = generator.get(peer)
      return shares ? median(shares).toFixed(0) : '–'
    })
    return [label, microsText(ours), microsText(theirs), compared, busy.join(' / ')]
  })
  return markdown(COST_HEAD, lines)
}

function microsText(values: readonly number[] | undefined): string {
  return values === undefined ? '–' : median(values).toFixed(2)
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows]
  return lines.map(line => `| ${line.join(' | ')} |`).join('\n')
}

function cells(measured: Measured, withCeiling: boolean): string[] {
  const { row, values } = measured
  const spread = (peer: PeerName) => spreadText(values.get(peer) ?? [])
  const compared = [spread('warren'), spread('rabbitmq'), ratioText(ratio(measured, 'rabbitmq'))]
  const base = [row.label, row.unit, ...compared, goalText(row), outcome(measured)]
  return withCeiling ? [...base, spread('ceiling'), ratioText(ratio(measured, 'ceiling'))] : base
}

function spreadText(values: readonly number[]): string {
  if (values.length === 0) return '–'
  if (values.length === 1) return `**${number(values[0]!)}**`
  return `**${number(median(values))}** (${number(Math.min(...values))}–${number(Math.max(...values))})`
}

function ratioText(value: number | undefined): string {
  return value === undefined ? '–' : `${value.toFixed(value < 1 ? 2 : 1)} ×`
}

function goalText(row: Row): string {
  const { goal } = row
  if (goal === undefined) return ''
  if ('ratioAtLeast' in goal) {
    const ceiling = goal.ceilingAtLeast === undefined ? '' : `, ≥ ${goal.ceilingAtLeast} × ceiling`
    return `≥ ${goal.ratioAtLeast} ×${ceiling}`
  }
  if ('atLeast' in goal) return `≥ ${goal.atLeast}`
  return 'ratioAtMost' in goal ? `≤ ${goal.ratioAtMost} ×` : `≤ ${goal.atMost} ${row.unit}`
}

/** Whole numbers with separators from a hundred on, else two decimals. */
function number(value: number): string {
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en-US') : value.toFixed(2)
}

/** Turns measured figures into the table of results (Markdown). */
import type { Goal, Row } from './cases.ts'
import type { PeerName } from './peers.ts'

/** The values of one row by peer, one a turn. */
export type Measured = { readonly row: Row; readonly values: ReadonlyMap<PeerName, readonly number[]> }

export type Outcome = 'pass' | 'below' | 'no figure' | ''

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
  const value = 'atMost' in goal ? (ours.length > 0 ? median(ours) : undefined) : ratio(measured, 'rabbitmq')
  if (value === undefined) return 'no figure'
  return reached(goal, value) ? 'pass' : 'below'
}

function reached(goal: NonNullable<Goal>, value: number): boolean {
  if ('ratioAtLeast' in goal) return value >= goal.ratioAtLeast
  return value <= ('ratioAtMost' in goal ? goal.ratioAtMost : goal.atMost)
}

const HEAD = ['case', 'unit', 'Warren', 'RabbitMQ 3.10', 'Warren / RabbitMQ', 'goal', '']
const CEILING_HEAD = ['ceiling', 'Warren / ceiling']

export function table(all: readonly Measured[], withCeiling: boolean): string {
  const head = withCeiling ? [...HEAD, ...CEILING_HEAD] : HEAD
  const lines = [head, head.map(() => '---'), ...all.map(measured => cells(measured, withCeiling))]
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
  return `**${number(median(values))}** (${number(Math.min(...values))}–${number(Math.max(...values))})`
}

function ratioText(value: number | undefined): string {
  return value === undefined ? '–' : `${value.toFixed(value < 1 ? 2 : 1)} ×`
}

function goalText(row: Row): string {
  const { goal } = row
  if (goal === undefined) return ''
  if ('ratioAtLeast' in goal) return `≥ ${goal.ratioAtLeast} ×`
  return 'ratioAtMost' in goal ? `≤ ${goal.ratioAtMost} ×` : `≤ ${goal.atMost} ${row.unit}`
}

/** Whole numbers with separators from a hundred on, else two decimals. */
function number(value: number): string {
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en-US') : value.toFixed(2)
}

/** Values as RabbitMQ's event exchange writes what it has no type for: Erlang terms as text. */
import type { FieldTable, FieldValue } from '../wire/field-table.ts'

/** Arguments: one text an argument, as `{<<"x-max-length">>,signedint,5}`. */
export function argumentTexts(table: FieldTable): string[] {
  return Object.entries(table).map(([name, value]) => `{${quoted(name)},${typed(value)}}`)
}

/** An address as the tuple of its numbers, `{127,0,0,1}`; what is no address stays as it is. */
export function addressText(host: string): string {
  if (/^\d+\.\d+\.\d+\.\d+$/.test(host)) return `{${host.replaceAll('.', ',')}}`
  if (!/^[0-9a-f:]+$/i.test(host) || !host.includes(':')) return host
  const [head = '', tail] = host.split('::')
  const groups = (part: string): number[] =>
    part === '' ? [] : part.split(':').map(group => Number.parseInt(group, 16))
  const [first, last] = [groups(head), groups(tail ?? '')]
  const between = tail === undefined ? [] : new Array<number>(Math.max(0, 8 - first.length - last.length)).fill(0)
  return `{${[...first, ...between, ...last].join()}}`
}

/** Type and value of a field. */
function typed(value: FieldValue): string {
  if (typeof value === 'string') return `longstr,${quoted(value)}`
  if (typeof value === 'boolean') return `bool,${value}`
  if (typeof value === 'number') return numberText(value)
  if (value === null) return 'void,undefined'
  if (Array.isArray(value)) return `array,[${value.map(item => `{${typed(item)}}`).join()}]`
  const tag = Object.hasOwn(value, '!') ? value['!'] : undefined
  return typeof tag === 'string' && Object.hasOwn(TAGGED, tag) ? TAGGED[tag]!(value) : tableText(value)
}

/** Values that have a tag since JSON can't tell them apart (`wire/field-table.ts`). */
const TAGGED: { readonly [tag: string]: (tagged: FieldTable) => string } = {
  timestamp: ({ value }) => `timestamp,${value}`,
  int64: ({ value }) => `long,${value}`,
  double: ({ value }) => doubleText(Number(value)),
  decimal: ({ scale, value }) => `decimal,{${scale},${value}}`,
  bytes: ({ base64 }) => `binary,${bytesText(base64)}`,
  longstr: ({ base64 }) => `longstr,${bytesText(base64)}`,
  table: ({ value }) => tableText(value as FieldTable),
}

function numberText(value: number): string {
  if (!Number.isInteger(value)) return doubleText(value)
  return `${value === (value | 0) ? 'signedint' : 'long'},${value}`
}

/** Erlang's floats always have a point. */
const doubleText = (value: number): string => `double,${Number.isInteger(value) ? value.toFixed(1) : value}`

const tableText = (table: FieldTable): string => `table,[${argumentTexts(table).join()}]`

const quoted = (text: string): string => (text === '' ? '<<>>' : `<<${JSON.stringify(text)}>>`)

const bytesText = (base64: FieldValue | undefined): string => `<<${Buffer.from(String(base64), 'base64').join()}>>`

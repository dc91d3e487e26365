/** What was heard as comparable text: without what may differ from run to run. */
import { showValue, showValues, type Values } from '../support/script.ts'
import type { Heard } from '../support/test-client.ts'

/** Of a channel in confirm mode: how many messages it published, and which of them are answered. */
export interface ConfirmState {
  published: number
  readonly settled: Set<number>
}

/** Replies whose text tells of the inside of a broker: only the code and its name are compared. */
const INTERNAL_CODES = [500, 501, 502, 505, 541]

/**
 * A line for each thing heard. Channels are told one after the other, and a channel's confirms are gathered behind the
 * rest, by number: in both brokers they come from elsewhere than deliveries do. Tables are told in the order of their
 * keys, which has no meaning.
 */
export function outcome(client: string, heard: readonly Heard[], confirms: Map<string, ConfirmState>): string[] {
  const lines: string[] = []
  const methods = heard.filter(each => each.kind === 'method')
  const channels = [...new Set(methods.map(({ channel }) => channel))].sort((a, b) => a - b)
  for (const channel of channels) {
    const own = methods.filter(each => each.channel === channel)
    const who = channel === 1 ? client : `${client}/${channel}`
    const isConfirm = ({ method }: (typeof own)[number]) => method.name === 'basic.ack' || method.name === 'basic.nack'
    lines.push(...own.filter(each => !isConfirm(each)).map(each => shown(who, each)))
    const state = confirms.get(`${client}/${channel}`)
    for (const name of ['basic.ack', 'basic.nack'] as const) {
      const tags = own.flatMap(({ method }) => (method.name === name ? settled(method.args, state) : []))
      if (tags.length > 0) lines.push(`< ${who} ${name} ${tags.sort((a, b) => a - b).join(',')}`)
    }
  }
  if (heard.some(({ kind }) => kind === 'protocol header')) lines.push(`< ${client} (protocol header)`)
  if (heard.some(({ kind }) => kind === 'closed')) lines.push(`< ${client} (closed)`)
  return lines
}

function settled(args: { deliveryTag: number; multiple: boolean }, state: ConfirmState | undefined): number[] {
  const tags: number[] = []
  for (let tag = args.multiple ? 1 : args.deliveryTag; tag <= args.deliveryTag; tag++) {
    if (state?.settled.has(tag)) continue
    state?.settled.add(tag)
    tags.push(tag)
  }
  return tags
}

function shown(who: string, { method, content }: Heard & { kind: 'method' }): string {
  const args: Values = { ...method.args }
  delete args['serverProperties']
  if (INTERNAL_CODES.includes(Number(args['replyCode']))) args['replyText'] = String(args['replyText']).split(' ')[0]
  const parts = [`< ${who} ${method.name}`, showValues(args)]
  if (content !== undefined) {
    const { properties, body } = content
    parts.push(showValues({ properties: inOrder(properties) }), `body=${showValue(body)}`)
  }
  return parts
    .filter(part => part !== '')
    .join(' ')
    .replace(/(amq\.(?:gen|ctag)-)[\w-]{22}/g, '$1…')
    .replace(/\{"!":"timestamp","value":\d{10}\}/g, 'now')
    .replace(/"node":"[^"]*"/g, '"node":"…"')
    .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:…')
}

/** A value of JSON with the keys of all its objects sorted. */
export function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder)
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, inOrder(inner)]))
}

/** The headers exchange: bindings are matched against the headers of a message (RabbitMQ's `x-match`). */

import { ChannelError } from '../wire/errors.ts'
import type { FieldTable, FieldValue } from '../wire/field-table.ts'
import { argumentsKey, fieldKey } from './arguments.ts'
import type { Exchange, RoutedMessage } from './exchange.ts'
import { type HeadersBinding, HeadersIndex } from './headers-index.ts'

const MATCH_KEY = 'x-match'

/** Whether every header must match, and whether those that start with `x-` count. */
const MATCH_MODES: ReadonlyMap<string, { readonly every: boolean; readonly withX: boolean }> = new Map([
  ['all', { every: true, withX: false }],
  ['any', { every: false, withX: false }],
  ['all-with-x', { every: true, withX: true }],
  ['any-with-x', { every: false, withX: true }],
])

export class HeadersExchange<D> implements Exchange<D> {
  readonly type = 'headers'
  readonly needsMessage = true
  /** By destination, then by routing key and arguments. */
  readonly #bindings = new Map<D, Map<string, HeadersBinding<D>>>()
  /** The same, for routing. */
  readonly #index = new HeadersIndex<D>()

  get isEmpty(): boolean {
    return this.#bindings.size === 0
  }

  /** Raises PRECONDITION_FAILED for an unknown `x-match`. */
  validateBinding(args: FieldTable): void {
    matchModeOf(args)
  }

  bind(destination: D, routingKey: string, args: FieldTable): void {
    const binding = parseBinding(destination, args)
    const bindings = this.#bindings.get(destination) ?? new Map<string, HeadersBinding<D>>()
    const key = bindingKey(routingKey, args)
    if (bindings.has(key)) return
    this.#bindings.set(destination, bindings.set(key, binding))
    this.#index.add(binding)
  }

  unbind(destination: D, routingKey: string, args: FieldTable): void {
    const bindings = this.#bindings.get(destination)
    const key = bindingKey(routingKey, args)
    const binding = bindings?.get(key)
    if (bindings === undefined || binding === undefined) return
    bindings.delete(key)
    if (bindings.size === 0) this.#bindings.delete(destination)
    this.#index.remove(binding)
  }

  route({ properties }: RoutedMessage, found: Set<D>): void {
    this.#index.match(properties.headers ?? {}, found)
  }
}

/** The arguments' key starts with a brace or is empty, so no two bindings share one. */
function bindingKey(routingKey: string, args: FieldTable): string {
  return `${JSON.stringify(routingKey)}${argumentsKey(args)}`
}

function parseBinding<D>(destination: D, args: FieldTable): HeadersBinding<D> {
  const { every, withX } = matchModeOf(args)
  const wanted = Object.entries(args)
    .filter(([name]) => name !== MATCH_KEY && (withX || !name.startsWith('x-')))
    .map(([name, value]) => [name, value === null ? undefined : fieldKey(value)] as const)
  return { destination, every, wanted }
}

function matchModeOf(args: FieldTable): { readonly every: boolean; readonly withX: boolean } {
  const match: FieldValue = Object.hasOwn(args, MATCH_KEY) ? args[MATCH_KEY]! : 'all'
  const mode = typeof match === 'string' ? MATCH_MODES.get(match) : undefined
  if (mode !== undefined) return mode
  const given = typeof match === 'string' ? `<<"${match}">>` : fieldKey(match)
  const expected = 'all, any, all-with-x, or any-with-x'
  throw new ChannelError('PRECONDITION_FAILED', `Invalid x-match field value ${given}; expected ${expected}`)
}

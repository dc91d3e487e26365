/** The headers exchange: bindings are matched against the headers of a message (RabbitMQ's `x-match`). */

import { ChannelError } from '../wire/errors.ts'
import type { FieldTable, FieldValue } from '../wire/field-table.ts'
import { argumentsKey, fieldKey } from './arguments.ts'
import type { Exchange, RoutedMessage } from './exchange.ts'

const MATCH_KEY = 'x-match'

/** Whether every header must match, and whether those that start with `x-` count. */
const MATCH_MODES: ReadonlyMap<string, { readonly every: boolean; readonly withX: boolean }> = new Map([
  ['all', { every: true, withX: false }],
  ['any', { every: false, withX: false }],
  ['all-with-x', { every: true, withX: true }],
  ['any-with-x', { every: false, withX: true }],
])

interface HeadersBinding<D> {
  readonly destination: D
  readonly every: boolean
  /** Headers to match with the key of the value; undefined = the header's presence is enough. */
  readonly wanted: readonly (readonly [name: string, valueKey: string | undefined])[]
}

export class HeadersExchange<D> implements Exchange<D> {
  readonly type = 'headers'
  readonly needsMessage = true
  /** By destination, then by routing key and arguments. */
  readonly #bindings = new Map<D, Map<string, HeadersBinding<D>>>()
  /** All of them in one list for routing, made anew after a change. */
  #list: readonly HeadersBinding<D>[] | null = null

  get isEmpty(): boolean {
    return this.#bindings.size === 0
  }

  /** Raises PRECONDITION_FAILED for an unknown `x-match`. */
  validateBinding(args: FieldTable): void {
    matchModeOf(args)
  }

  bind(destination: D, routingKey: string, args: FieldTable): void {
    const binding = parseBinding(destination, args)
    let bindings = this.#bindings.get(destination)
    if (bindings === undefined) {
      bindings = new Map()
      this.#bindings.set(destination, bindings)
    }
    bindings.set(bindingKey(routingKey, args), binding)
    this.#list = null
  }

  unbind(destination: D, routingKey: string, args: FieldTable): void {
    const bindings = this.#bindings.get(destination)
    if (bindings === undefined) return
    bindings.delete(bindingKey(routingKey, args))
    if (bindings.size === 0) this.#bindings.delete(destination)
    this.#list = null
  }

  route({ properties }: RoutedMessage, found: Set<D>): void {
    this.#list ??= [...this.#bindings.values()].flatMap(bindings => [...bindings.values()])
    const given = new GivenHeaders(properties.headers ?? {})
    for (const binding of this.#list) if (matches(binding, given)) found.add(binding.destination)
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

/** The headers of one message, each value's key made at most once for all bindings. */
class GivenHeaders {
  readonly #headers: FieldTable
  readonly #keys = new Map<string, string>()

  constructor(headers: FieldTable) {
    this.#headers = headers
  }

  has(name: string, valueKey: string | undefined): boolean {
    if (!Object.hasOwn(this.#headers, name)) return false
    return valueKey === undefined || this.#keyOf(name) === valueKey
  }

  #keyOf(name: string): string {
    let key = this.#keys.get(name)
    if (key === undefined) {
      key = fieldKey(this.#headers[name]!)
      this.#keys.set(name, key)
    }
    return key
  }
}

/** `all` of nothing is true, `any` of nothing is false. */
function matches({ every, wanted }: HeadersBinding<unknown>, given: GivenHeaders): boolean {
  for (const [name, valueKey] of wanted) if (given.has(name, valueKey) !== every) return !every
  return every
}

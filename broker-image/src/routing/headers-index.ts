/** The bindings of a headers exchange by the headers that they want, so that a message meets only those it may match. */
import type { FieldTable } from '../wire/field-table.ts'
import { fieldKey } from './arguments.ts'

/** A header to match, with the key of its value; undefined = the header's presence is enough. */
export type WantedHeader = readonly [name: string, valueKey: string | undefined]

export interface HeadersBinding<D> {
  readonly destination: D
  /** All headers must match, or else any. */
  readonly every: boolean
  readonly wanted: readonly WantedHeader[]
}

/**
 * A binding stands where a message looks for it: `any` at each of its headers, `all` at the one where the fewest others
 * stood when it came. `all` of nothing always matches, `any` of nothing never does.
 */
export class HeadersIndex<D> {
  readonly #always: HeadersBinding<D>[] = []
  readonly #byHeader = new Map<string, Map<string | undefined, HeadersBinding<D>[]>>()

  add(binding: HeadersBinding<D>): void {
    const { every, wanted } = binding
    if (!every) for (const header of wanted) this.#standAt(header, binding)
    else if (wanted.length === 0) this.#always.push(binding)
    else this.#standAt(this.#emptiestOf(wanted), binding)
  }

  /** Takes the same object that was added. */
  remove(binding: HeadersBinding<D>): void {
    leave(this.#always, binding)
    for (const [name, valueKey] of binding.wanted) {
      const byValue = this.#byHeader.get(name)
      const bindings = byValue?.get(valueKey)
      if (byValue === undefined || bindings === undefined) continue
      leave(bindings, binding)
      if (bindings.length === 0) byValue.delete(valueKey)
      if (byValue.size === 0) this.#byHeader.delete(name)
    }
  }

  /** Puts the destinations of all that match into `found`. */
  match(headers: FieldTable, found: Set<D>): void {
    for (const { destination } of this.#always) found.add(destination)
    const given = new GivenHeaders(headers)
    for (const name of Object.keys(headers)) {
      const byValue = this.#byHeader.get(name)
      if (byValue === undefined) continue
      findAmong(byValue.get(undefined), given, found)
      findAmong(byValue.get(given.keyOf(name)), given, found)
    }
  }

  #standAt([name, valueKey]: WantedHeader, binding: HeadersBinding<D>): void {
    const byValue = this.#byHeader.get(name) ?? new Map<string | undefined, HeadersBinding<D>[]>()
    this.#byHeader.set(name, byValue)
    const bindings = byValue.get(valueKey)
    if (bindings === undefined) byValue.set(valueKey, [binding])
    else bindings.push(binding)
  }

  #emptiestOf(wanted: readonly WantedHeader[]): WantedHeader {
    const standing = ([name, valueKey]: WantedHeader): number => this.#byHeader.get(name)?.get(valueKey)?.length ?? 0
    return wanted.reduce((best, header) => (standing(header) < standing(best) ? header : best))
  }
}

/** The order in which bindings stand does not matter. */
function leave<T>(list: T[], item: T): void {
  const at = list.indexOf(item)
  if (at < 0) return
  const last = list.pop()!
  if (at < list.length) list[at] = last
}

function findAmong<D>(bindings: readonly HeadersBinding<D>[] | undefined, given: GivenHeaders, found: Set<D>): void {
  if (bindings === undefined) return
  for (const { every, wanted, destination } of bindings) {
    if (!every || given.hasAll(wanted)) found.add(destination)
  }
}

/** The headers of one message, each value's key made at most once for all bindings. */
class GivenHeaders {
  readonly #headers: FieldTable
  readonly #keys = new Map<string, string>()

  constructor(headers: FieldTable) {
    this.#headers = headers
  }

  hasAll(wanted: readonly WantedHeader[]): boolean {
    for (const [name, valueKey] of wanted) {
      if (!Object.hasOwn(this.#headers, name)) return false
      if (valueKey !== undefined && this.keyOf(name) !== valueKey) return false
    }
    return true
  }

  /** The key of the value of a header that is there. */
  keyOf(name: string): string {
    let key = this.#keys.get(name)
    if (key === undefined) {
      key = fieldKey(this.#headers[name]!)
      this.#keys.set(name, key)
    }
    return key
  }
}

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
 * A binding stands where a message looks for it: `any` at each of its headers, `all` at the one that the fewest others
 * want. `all` of nothing always matches, `any` of nothing never does.
 */
export class HeadersIndex<D> {
  readonly #always: D[] = []
  readonly #byHeader = new Map<string, Map<string | undefined, HeadersBinding<D>[]>>()

  constructor(bindings: readonly HeadersBinding<D>[]) {
    const rarestOf = rarestBy(bindings)
    for (const binding of bindings) {
      if (!binding.every) for (const header of binding.wanted) this.#add(header, binding)
      else if (binding.wanted.length === 0) this.#always.push(binding.destination)
      else this.#add(rarestOf(binding.wanted), binding)
    }
  }

  /** Puts the destinations of all that match into `found`. */
  match(headers: FieldTable, found: Set<D>): void {
    for (const destination of this.#always) found.add(destination)
    const given = new GivenHeaders(headers)
    for (const name of Object.keys(headers)) {
      const byValue = this.#byHeader.get(name)
      if (byValue === undefined) continue
      findAmong(byValue.get(undefined), given, found)
      findAmong(byValue.get(given.keyOf(name)), given, found)
    }
  }

  #add([name, valueKey]: WantedHeader, binding: HeadersBinding<D>): void {
    const byValue = this.#byHeader.get(name) ?? new Map<string | undefined, HeadersBinding<D>[]>()
    this.#byHeader.set(name, byValue)
    const bindings = byValue.get(valueKey)
    if (bindings === undefined) byValue.set(valueKey, [binding])
    else bindings.push(binding)
  }
}

function findAmong<D>(bindings: readonly HeadersBinding<D>[] | undefined, given: GivenHeaders, found: Set<D>): void {
  if (bindings === undefined) return
  for (const { every, wanted, destination } of bindings) {
    if (!every || given.hasAll(wanted)) found.add(destination)
  }
}

function rarestBy(bindings: readonly HeadersBinding<unknown>[]): (wanted: readonly WantedHeader[]) => WantedHeader {
  const uses = new Map<string, number>()
  for (const { wanted } of bindings) {
    for (const header of wanted) uses.set(JSON.stringify(header), usesOf(header) + 1)
  }
  function usesOf(header: WantedHeader): number {
    return uses.get(JSON.stringify(header)) ?? 0
  }
  return wanted => wanted.reduce((rarest, header) => (usesOf(header) < usesOf(rarest) ? header : rarest))
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

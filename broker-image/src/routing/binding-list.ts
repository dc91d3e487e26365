/** Bindings in an order that depends on nothing but themselves: what a number picks one of. */

import type { FieldTable } from '../wire/field-table.ts'
import { argumentsKey } from './arguments.ts'

interface ListedBinding<D> {
  readonly key: string
  readonly destination: D
}

/** A destination with several bindings is there as often. */
export class BindingList<D> {
  readonly #identify: (destination: D) => string
  readonly #sorted: ListedBinding<D>[] = []

  constructor(identify: (destination: D) => string) {
    this.#identify = identify
  }

  get size(): number {
    return this.#sorted.length
  }

  /** The destination of the binding at a place below `size`. */
  at(index: number): D {
    return this.#sorted[index]!.destination
  }

  add(destination: D, routingKey: string, args: FieldTable): void {
    const key = this.#keyOf(destination, routingKey, args)
    const at = this.#placeOf(key)
    if (this.#sorted[at]?.key !== key) this.#sorted.splice(at, 0, { key, destination })
  }

  remove(destination: D, routingKey: string, args: FieldTable): void {
    const key = this.#keyOf(destination, routingKey, args)
    const at = this.#placeOf(key)
    if (this.#sorted[at]?.key === key) this.#sorted.splice(at, 1)
  }

  #keyOf(destination: D, routingKey: string, args: FieldTable): string {
    return JSON.stringify([this.#identify(destination), routingKey, argumentsKey(args)])
  }

  /** Where the key stands, or belongs. */
  #placeOf(key: string): number {
    let [low, high] = [0, this.#sorted.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#sorted[middle]!.key < key) low = middle + 1
      else high = middle
    }
    return low
  }
}

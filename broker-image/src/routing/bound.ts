/** The destinations bound at one point of an exchange. */

import type { FieldTable } from '../wire/field-table.ts'
import { argumentsKey } from './arguments.ts'

/** A destination stays while one of its bindings does; bindings differ in their arguments. */
export class Bound<D> {
  /** Keys of the arguments of each destination's bindings: seldom more than one. */
  readonly #destinations = new Map<D, string[]>()

  get isEmpty(): boolean {
    return this.#destinations.size === 0
  }

  add(destination: D, args: FieldTable): void {
    const key = argumentsKey(args)
    const keys = this.#destinations.get(destination)
    if (keys === undefined) this.#destinations.set(destination, [key])
    else if (!keys.includes(key)) keys.push(key)
  }

  remove(destination: D, args: FieldTable): void {
    const keys = this.#destinations.get(destination)
    const at = keys?.indexOf(argumentsKey(args)) ?? -1
    if (keys === undefined || at < 0) return
    keys.splice(at, 1)
    if (keys.length === 0) this.#destinations.delete(destination)
  }

  addTo(found: Set<D>): void {
    for (const destination of this.#destinations.keys()) found.add(destination)
  }
}

/** Rates of counters, from one look at them to the next: nothing is sampled while nobody looks. */

import type { Clock } from '../clock.ts'

interface Sample {
  atMs: number
  values: number[]
  rates: number[]
}

/** A rate is taken over at least this long. */
const INTERVAL_MS_MIN = 1_000

/** What RabbitMQ calls `message_stats`: each counter with its rate per second. */
export type CountersJson = { [name: string]: number | { rate: number } }

export class Rates {
  readonly #clock: Clock
  readonly #samples = new WeakMap<object, Sample>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** `counters` of `owner`, which must always have the same names. The first look gives rates of 0. */
  withRates(owner: object, counters: { readonly [name: string]: number }): CountersJson {
    const { rates } = this.#sample(owner, Object.values(counters))
    const json: CountersJson = {}
    for (const [index, [name, value]] of Object.entries(counters).entries()) {
      json[name] = value
      json[`${name}_details`] = { rate: rates[index] ?? 0 }
    }
    return json
  }

  #sample(owner: object, values: number[]): Sample {
    const now = this.#clock.now()
    const last = this.#samples.get(owner)
    if (last && now - last.atMs < INTERVAL_MS_MIN) return last
    const seconds = last ? (now - last.atMs) / 1_000 : 1
    const rates = values.map((value, index) => (last ? (value - (last.values[index] ?? 0)) / seconds : 0))
    const sample = { atMs: now, values, rates }
    this.#samples.set(owner, sample)
    return sample
  }
}

/** Everything that a simulation leaves to chance, drawn from one seed. */
import { crc32 } from 'node:zlib'
import { type Random, seeded } from '../log/memory-disk.ts'

export class Draw {
  readonly random: Random

  constructor(seed: number) {
    this.random = seeded(seed)
  }

  chance(probability: number): boolean {
    return this.random() < probability
  }

  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + Math.floor(this.random() * (most - least + 1))
  }

  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new Error('nothing to pick from')
    return list[this.between(0, list.length - 1)]!
  }

  /** One of the keys, as often as its weight says. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const entries = Object.entries(weights) as [K, number][]
    let left = this.random() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [key, weight] of entries) {
      left -= weight
      if (left < 0) return key
    }
    return entries.at(-1)![0]
  }
}

/** The seeds of a run: from a number that one and its successors, from any other text (a commit) as many as wanted. */
export function seedsOf(text: string, count: number): number[] {
  const first = /^\d{1,10}$/.test(text) ? Number(text) : null
  return Array.from({ length: count }, (_, i) => (first === null ? crc32(`${text}/${i}`) : (first + i) >>> 0))
}

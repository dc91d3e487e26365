/** A log on disk that stays bounded: what is too much goes into one older file, whose own text is forgotten then. */

import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/** Bytes of a log before it becomes the older one: together they take twice as much. */
const LOG_BYTES_MAX = 10 * 1024 * 1024

export class LogFile {
  readonly #path: string
  readonly #bytesMax: number
  #bytes: number

  /** Appends to what is there from earlier runs. Makes the folder. */
  constructor(path: string, bytesMax = LOG_BYTES_MAX) {
    mkdirSync(dirname(path), { recursive: true })
    this.#path = path
    this.#bytesMax = bytesMax
    this.#bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  }

  /** On disk when it returns. A full disk costs lines of the log, and not those who write it. */
  write(text: string): void {
    const bytes = Buffer.byteLength(text)
    try {
      if (this.#bytes > 0 && this.#bytes + bytes > this.#bytesMax) this.#turnOver()
      appendFileSync(this.#path, text)
      this.#bytes += bytes
    } catch {
      // There is nowhere to say so.
    }
  }

  #turnOver(): void {
    renameSync(this.#path, `${this.#path}.1`)
    this.#bytes = 0
  }
}

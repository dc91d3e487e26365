/** Shows the table: drawn over itself on a terminal, as lines of change elsewhere. */

import type { CachedObjects } from '../runtime/source.ts'
import { changedLines, type Row, rowsOf, tableLines } from './table.ts'

const REDRAW_MS = 250
/** Where the terminal does not say how large it is. */
const WIDTH = 120
const HEIGHT = 24

export interface Output {
  write(text: string): unknown
  isTTY?: boolean
  columns?: number
  rows?: number
}

export class Screen {
  readonly #output: Output
  readonly #cached: CachedObjects
  #rows: readonly Row[] = []
  #drawn = 0
  #timer: NodeJS.Timeout | undefined

  constructor(output: Output, cached: CachedObjects) {
    this.#output = output
    this.#cached = cached
  }

  start(): void {
    this.#timer = setInterval(() => this.update(), REDRAW_MS)
  }

  /** Takes the table away: what it says is no longer so. */
  stop(): void {
    clearInterval(this.#timer)
    this.#erase()
    this.#rows = []
  }

  /** Prints lines that stay, above the table. */
  say(...lines: readonly string[]): void {
    this.#erase()
    this.#output.write(`${lines.join('\n')}\n`)
    this.#draw()
  }

  /** Shows what has changed since the last time. */
  update(): void {
    const rows = rowsOf(this.#cached)
    const lines = changedLines(this.#rows, rows)
    this.#rows = rows
    if (lines.length === 0) return
    if (!this.#output.isTTY) {
      this.#output.write(`${lines.join('\n')}\n`)
      return
    }
    this.#erase()
    this.#draw()
  }

  #erase(): void {
    if (this.#drawn > 0) this.#output.write(`\u001b[${this.#drawn}A\u001b[J`)
    this.#drawn = 0
  }

  #draw(): void {
    if (!this.#output.isTTY || this.#rows.length === 0) return
    const lines = ['', ...tableLines(this.#rows, this.#output.columns || WIDTH)]
    // What has scrolled out of the terminal cannot be drawn over: one line stays for the cursor.
    const room = Math.max(2, (this.#output.rows || HEIGHT) - 1)
    if (lines.length > room) lines.splice(room - 1, lines.length, `… and ${lines.length - room + 1} more`)
    this.#output.write(`${lines.join('\n')}\n`)
    this.#drawn = lines.length
  }
}

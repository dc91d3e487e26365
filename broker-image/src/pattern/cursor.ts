/** A place in the text of a pattern. */

export class Cursor {
  readonly text: string
  at = 0

  constructor(text: string) {
    this.text = text
  }

  get isAtEnd(): boolean {
    return this.at >= this.text.length
  }

  /** The next character; at the end an empty string. */
  get next(): string {
    return this.text.charAt(this.at)
  }

  take(): string {
    return this.text.charAt(this.at++)
  }

  /** Steps over a text if it is what follows. */
  skip(expected: string): boolean {
    if (!this.text.startsWith(expected, this.at)) return false
    this.at += expected.length
    return true
  }

  /** Steps over what a sticky expression finds here, and gives its groups. */
  match(sticky: RegExp): RegExpExecArray | undefined {
    sticky.lastIndex = this.at
    const found = sticky.exec(this.text)
    if (!found) return undefined
    this.at = sticky.lastIndex
    return found
  }

  fail(problem: string): never {
    throw new SyntaxError(`${problem} at offset ${this.at}`)
  }
}

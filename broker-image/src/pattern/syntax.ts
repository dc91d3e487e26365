/** What a pattern says, as a tree. */
import type { CharacterSet } from './character-set.ts'

/** A place that takes no character. `end` is before a last newline too, `veryEnd` is not. */
export type Place = 'start' | 'lineStart' | 'end' | 'veryEnd' | 'lineEnd' | 'wordEdge' | 'notWordEdge'

export interface Repeat {
  kind: 'repeat'
  of: Syntax
  least: number
  /** `Infinity` for no end. */
  most: number
  isLazy: boolean
}

export interface Look {
  kind: 'look'
  of: readonly Syntax[]
  isBehind: boolean
  isNegated: boolean
}

export type Syntax =
  | { kind: 'set'; set: CharacterSet }
  | { kind: 'place'; place: Place }
  | { kind: 'sequence'; of: readonly Syntax[] }
  | { kind: 'either'; of: readonly Syntax[] }
  | Repeat
  | Look
  /** Once it has matched, what it took stays taken. */
  | { kind: 'atomic'; of: Syntax }
  | { kind: 'group'; of: Syntax; number: number }
  /** What the group took, again. */
  | { kind: 'reference'; group: number; ignoresCase: boolean }

/** How many characters it takes, or undefined if that depends on the text. */
export function widthOf(syntax: Syntax): number | undefined {
  switch (syntax.kind) {
    case 'set':
      return 1
    case 'place':
    case 'look':
      return 0
    case 'reference':
      return undefined
    case 'atomic':
    case 'group':
      return widthOf(syntax.of)
    case 'repeat':
      return syntax.least === syntax.most ? times(widthOf(syntax.of), syntax.least) : undefined
    case 'sequence':
      return syntax.of.map(widthOf).reduce((sum, width) => plus(sum, width), 0)
    case 'either': {
      const [first, ...others] = syntax.of.map(widthOf)
      return others.every(width => width === first) ? first : undefined
    }
  }
}

function plus(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a + b
}

function times(width: number | undefined, count: number): number | undefined {
  return width === undefined ? undefined : width * count
}

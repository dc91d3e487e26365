/** Patterns of users, which say what permissions, policies and searches mean: searched anywhere in a name. */
import { Matcher } from './matcher.ts'
import { parsePattern } from './parser.ts'
import { compileSyntax } from './program.ts'

export interface Pattern {
  /** Whether it matches anywhere in the text. A pattern that takes too long does not match [PCRE's `match_limit`]. */
  test(text: string): boolean
  /** What the last `test` cost; `PATTERN_STEPS_MAX` is a few milliseconds. */
  readonly steps: number
}

const NEVER: Pattern = { test: () => false, steps: 0 }

/** @throws SyntaxError for what is no pattern, is too large, or says what is not supported. */
export function compilePattern(text: string): Pattern {
  return new Matcher(compileSyntax(parsePattern(text)))
}

/** The same for what an older version may have taken: a pattern that is none matches nothing. */
export function compileStoredPattern(text: string): Pattern {
  const compiled = compiledOrProblem(text)
  return compiled instanceof SyntaxError ? NEVER : compiled
}

/** Why `compilePattern` does not take the text, or undefined if it does. */
export function patternProblem(text: string): string | undefined {
  const compiled = compiledOrProblem(text)
  return compiled instanceof SyntaxError ? compiled.message : undefined
}

function compiledOrProblem(text: string): Pattern | SyntaxError {
  try {
    return compilePattern(text)
  } catch (error) {
    if (error instanceof SyntaxError) return error
    throw error
  }
}

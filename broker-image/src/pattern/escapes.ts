/** What follows a backslash in a pattern and stands for one character [pcrepattern, BACKSLASH]. */
import type { Cursor } from './cursor.ts'

const CODES: { readonly [letter: string]: number } = { a: 7, e: 27, f: 12, n: 10, r: 13, t: 9 }
const CODE_MAX = 0xffff
const HEX_IN_BRACES = /\{([\da-fA-F]+)\}/y
const HEX = /[\da-fA-F]{0,2}/y
const OCTAL = /[0-7]{1,3}/y
/** Escapes of PCRE that mean something else than the letter, and that nobody has use for in the name of a queue. */
const UNSUPPORTED = ['C', 'G', 'K', 'L', 'N', 'P', 'R', 'U', 'X', 'l', 'p', 'u']
const CONTROL_BIT = 0x40

/** The code of the character that an escape stands for; the letter after the backslash is the next one. */
export function takeEscapedCode(cursor: Cursor): number {
  if (cursor.isAtEnd) cursor.fail('\\ at the end of the pattern')
  const octal = cursor.match(OCTAL)
  if (octal) return Number.parseInt(octal[0], 8)
  const letter = cursor.take()
  if (letter === 'x') return takeHex(cursor)
  if (letter === 'c') return takeControl(cursor)
  if (UNSUPPORTED.includes(letter)) cursor.fail(`\\${letter} is not supported`)
  return CODES[letter] ?? letter.charCodeAt(0)
}

function takeHex(cursor: Cursor): number {
  const inBraces = cursor.match(HEX_IN_BRACES)?.[1]
  if (inBraces === undefined && cursor.next === '{') cursor.fail('no hexadecimal digits in \\x{}')
  const digits = inBraces ?? cursor.match(HEX)?.[0] ?? ''
  const code = Number.parseInt(digits === '' ? '0' : digits, 16)
  return code <= CODE_MAX ? code : cursor.fail('character code is too large')
}

function takeControl(cursor: Cursor): number {
  if (cursor.isAtEnd) cursor.fail('\\c at the end of the pattern')
  return cursor.take().toUpperCase().charCodeAt(0) ^ CONTROL_BIT
}

/** The pattern with what stands between `\Q` and `\E` written as codes, which mean themselves everywhere. */
export function withoutQuotes(text: string): string {
  if (!/\\[QE]/.test(text)) return text
  return text.replace(/\\Q([\s\S]*?)(?:\\E|$)|\\E|\\[\s\S]/g, (found, quoted?: string) => {
    if (found === '\\E') return ''
    if (quoted === undefined) return found
    return quoted
      .split('')
      .map(character => `\\x{${character.charCodeAt(0).toString(16)}}`)
      .join('')
  })
}

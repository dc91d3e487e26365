/**
 * The language of transcripts: lines of words, `name=value` pairs and bare flags. A value is JSON where it reads as
 * JSON, else text: `queue=orders durable arguments={"x-max-length": 2} body="two words" body=5000*x`.
 */
import { METHODS, type MethodName } from '../../src/wire/methods.ts'

export type Values = { [name: string]: unknown }

export interface Command {
  /** Words before the first pair or flag that is none of the command's own. */
  words: string[]
  values: Values
}

/** Splits a line at blanks outside of braces, brackets and quotes. */
export function tokens(line: string): string[] {
  const found: string[] = []
  let token = ''
  let depth = 0
  let isQuoted = false
  for (const [at, letter] of [...line].entries()) {
    if (letter === '"' && line[at - 1] !== '\\') isQuoted = !isQuoted
    if (!isQuoted && '{['.includes(letter)) depth++
    if (!isQuoted && '}]'.includes(letter)) depth--
    if (letter === ' ' && depth === 0 && !isQuoted) {
      if (token !== '') found.push(token)
      token = ''
    } else token += letter
  }
  return token === '' ? found : [...found, token]
}

/** Reads a line: the first `wordCount` tokens are words, the rest pairs and flags. */
export function parseCommand(line: string, wordCount: number): Command {
  const all = tokens(line)
  const values: Values = {}
  for (const token of all.slice(wordCount)) {
    const equals = token.indexOf('=')
    if (equals < 0) values[token] = true
    else values[token.slice(0, equals)] = parseValue(token.slice(equals + 1))
  }
  return { words: all.slice(0, wordCount), values }
}

function parseValue(text: string): unknown {
  const repeated = /^(\d+)\*(.)$/.exec(text)
  if (repeated !== null) return repeated[2]!.repeat(Number(repeated[1]))
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** All arguments of a method: those given, turned into its types, and nothing for the others. */
export function methodArguments(name: MethodName, given: Values): Values {
  const args: Values = {}
  for (const [argument, type] of METHODS[name].args) {
    if (argument.startsWith('reserved')) continue
    const value = given[argument]
    if (type === 'bit') args[argument] = value === true
    else if (type === 'table') args[argument] = value ?? {}
    else if (type === 'shortstr') args[argument] = String(value ?? '')
    else if (type === 'longstr') args[argument] = Buffer.from(String(value ?? ''))
    else args[argument] = Number(value ?? 0)
  }
  const unknown = Object.keys(given).find(argument => !Object.hasOwn(args, argument))
  if (unknown !== undefined) throw new Error(`${name} has no argument ${unknown}`)
  return args
}

/** Values as a script would give them; what is empty or false is left out. */
export function showValues(values: Values): string {
  return Object.entries(values)
    .filter(([, value]) => !isEmpty(value))
    .map(([name, value]) => (value === true ? name : `${name}=${showValue(value)}`))
    .join(' ')
}

const BODY_SHOWN_MAX = 60

export function showValue(value: unknown): string {
  if (Buffer.isBuffer(value)) return showValue(value.toString('latin1'))
  if (typeof value !== 'string') return JSON.stringify(value)
  if (value.length > BODY_SHOWN_MAX && value === value[0]!.repeat(value.length)) return `${value.length}*${value[0]}`
  return /^[^\s"{}[\]=]+$/.test(value) && Number.isNaN(Number(value)) ? value : JSON.stringify(value)
}

function isEmpty(value: unknown): boolean {
  if (value === '' || value === 0 || value === false || value === undefined) return true
  if (Buffer.isBuffer(value)) return value.length === 0
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

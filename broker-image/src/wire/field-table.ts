/**
 * Field tables [AMQP 4.2.5.5] with RabbitMQ's types, as plain values that survive JSON.
 *
 * What JSON can't tell apart is a tagged object:
 *
 *     T  {"!": "timestamp", value: seconds}     value is a decimal string from 2^53
 *     x  {"!": "bytes", base64}
 *     S  {"!": "longstr", base64}               only when the bytes are not UTF-8
 *     l  {"!": "int64", value: "decimal"}       only beyond 2^53
 *     d  {"!": "double", value}                 only when integral; a string for "NaN", "Infinity", "-Infinity", "-0"
 *     D  {"!": "decimal", scale, value}
 *     F  {"!": "table", value: {…}}             only when the table itself has a key "!"
 *
 * Integers come back in the narrower of `I` and `l`, floats as `d`: the value is kept, the width is not. Keys keep
 * their order, except that those which look like array indices come first (JavaScript's order of properties).
 */

import { isUtf8 } from 'node:buffer'
import { TABLE_DEPTH_MAX } from '../limits.ts'
import { ConnectionError } from './errors.ts'
import type { Reader } from './reader.ts'
import type { Writer } from './writer.ts'

export type FieldValue = string | number | boolean | null | FieldValue[] | { [key: string]: FieldValue }

export type FieldTable = { [key: string]: FieldValue }

/** Reads a table with its length; raises FRAME_ERROR or SYNTAX_ERROR when it is malformed or nested too deeply. */
export function decodeTable(reader: Reader): FieldTable {
  return decodeTableAt(reader, 1)
}

/** Writes a table with its length; raises SYNTAX_ERROR when it is nested more deeply than we decode. */
export function encodeTable(writer: Writer, table: FieldTable): void {
  encodeTableAt(writer, table, 1)
}

function decodeTableAt(reader: Reader, depth: number): FieldTable {
  checkDepth(depth)
  const part = reader.part(reader.long())
  const table: FieldTable = {}
  while (part.remaining > 0) {
    const key = part.shortstrLenient()
    setField(table, key, decodeValue(part, depth))
  }
  return table
}

function setField(table: FieldTable, key: string, value: FieldValue): void {
  // Plain assignment would change the prototype instead of adding a key.
  if (key === '__proto__') {
    Object.defineProperty(table, key, { value, enumerable: true, configurable: true, writable: true })
  } else {
    table[key] = value
  }
}

type Decode = (reader: Reader, depth: number) => FieldValue

/** One entry a type; the letters are RabbitMQ's, which differ from the specification's in `s`, `b` and `l`. */
const DECODERS: { readonly [type: string]: Decode } = {
  t: reader => reader.octet() !== 0,
  b: reader => (reader.octet() << 24) >> 24,
  B: reader => reader.octet(),
  s: reader => (reader.short() << 16) >> 16,
  u: reader => reader.short(),
  I: reader => reader.long() | 0,
  i: reader => reader.long(),
  l: reader => decodeInt64(reader),
  // RabbitMQ reads both as signed.
  L: reader => decodeInt64(reader),
  f: reader => decodeDouble(reader.float()),
  d: reader => decodeDouble(reader.double()),
  D: reader => ({ '!': 'decimal', scale: reader.octet(), value: reader.long() }),
  S: reader => decodeText(reader.longstr()),
  A: (reader, depth) => decodeArray(reader, depth + 1),
  T: reader => ({ '!': 'timestamp', value: safeOrDecimal(reader.bigUnsigned()) }),
  F: (reader, depth) => {
    const table = decodeTableAt(reader, depth + 1)
    return Object.hasOwn(table, '!') ? { '!': 'table', value: table } : table
  },
  V: () => null,
  x: reader => ({ '!': 'bytes', base64: reader.longstr().toString('base64') }),
}

function decodeValue(reader: Reader, depth: number): FieldValue {
  const type = String.fromCharCode(reader.octet())
  const decode = DECODERS[type]
  if (decode === undefined) throw new ConnectionError('SYNTAX_ERROR', `unknown type of field ${JSON.stringify(type)}`)
  return decode(reader, depth)
}

function decodeArray(reader: Reader, depth: number): FieldValue[] {
  checkDepth(depth)
  const part = reader.part(reader.long())
  const values: FieldValue[] = []
  while (part.remaining > 0) values.push(decodeValue(part, depth))
  return values
}

function decodeInt64(reader: Reader): FieldValue {
  const value = safeOrDecimal(BigInt.asIntN(64, reader.bigUnsigned()))
  return typeof value === 'number' ? value : { '!': 'int64', value }
}

function decodeDouble(value: number): FieldValue {
  if (Object.is(value, -0)) return { '!': 'double', value: '-0' }
  if (!Number.isFinite(value)) return { '!': 'double', value: String(value) }
  return Number.isInteger(value) ? { '!': 'double', value } : value
}

function decodeText(bytes: Buffer): FieldValue {
  return isUtf8(bytes) ? bytes.toString('utf8') : { '!': 'longstr', base64: bytes.toString('base64') }
}

function safeOrDecimal(value: bigint): number | string {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : String(value)
}

function encodeTableAt(writer: Writer, table: FieldTable, depth: number): void {
  checkDepth(depth)
  writer.sized(() => {
    for (const key of Object.keys(table)) {
      writer.shortstr(key)
      encodeValue(writer, table[key]!, depth)
    }
  })
}

function encodeValue(writer: Writer, value: FieldValue, depth: number): void {
  if (typeof value === 'string') {
    writeType(writer, 'S').longstr(value)
  } else if (typeof value === 'number') {
    encodeNumber(writer, value)
  } else if (typeof value === 'boolean') {
    writeType(writer, 't').octet(value ? 1 : 0)
  } else if (value === null) {
    writeType(writer, 'V')
  } else if (Array.isArray(value)) {
    encodeArray(writer, value, depth + 1)
  } else {
    encodeObject(writer, value, depth)
  }
}

function encodeNumber(writer: Writer, value: number): void {
  if (!Number.isSafeInteger(value)) {
    writeType(writer, 'd').double(value)
  } else if (value === (value | 0)) {
    writeType(writer, 'I').long(value)
  } else {
    writeType(writer, 'l').bigInteger(BigInt(value))
  }
}

function encodeArray(writer: Writer, values: FieldValue[], depth: number): void {
  checkDepth(depth)
  writeType(writer, 'A').sized(() => {
    for (const value of values) encodeValue(writer, value, depth)
  })
}

/** Writes a tagged value and says true, or writes nothing when the object only looks like one. */
type EncodeTagged = (writer: Writer, tagged: FieldTable) => boolean

const TAGGED_ENCODERS: { readonly [tag: string]: EncodeTagged } = {
  timestamp: (writer, { value }) => encodeWide(writer, 'T', value),
  int64: (writer, { value }) => encodeWide(writer, 'l', value),
  bytes: (writer, { base64 }) => encodeBase64(writer, 'x', base64),
  longstr: (writer, { base64 }) => encodeBase64(writer, 'S', base64),
  double: (writer, { value }) => {
    if (typeof value !== 'number' && typeof value !== 'string') return false
    writeType(writer, 'd').double(Number(value))
    return true
  },
  decimal: (writer, { scale, value }) => {
    if (typeof scale !== 'number' || typeof value !== 'number') return false
    writeType(writer, 'D').octet(scale)
    writer.long(value)
    return true
  },
}

function encodeObject(writer: Writer, object: FieldTable, depth: number): void {
  const tag = Object.hasOwn(object, '!') ? object['!'] : undefined
  if (typeof tag === 'string' && Object.hasOwn(TAGGED_ENCODERS, tag) && TAGGED_ENCODERS[tag]!(writer, object)) return
  const inner = object['value']
  const escaped = tag === 'table' && typeof inner === 'object' && inner !== null && !Array.isArray(inner)
  writeType(writer, 'F')
  encodeTableAt(writer, escaped ? inner : object, depth + 1)
}

function encodeWide(writer: Writer, type: string, value: FieldValue | undefined): boolean {
  const integral = typeof value === 'number' ? Number.isInteger(value) : typeof value === 'string' && isDecimal(value)
  if (!integral) return false
  writeType(writer, type).bigInteger(BigInt(value as number | string))
  return true
}

function isDecimal(text: string): boolean {
  return /^-?\d{1,20}$/.test(text)
}

function encodeBase64(writer: Writer, type: string, base64: FieldValue | undefined): boolean {
  if (typeof base64 !== 'string') return false
  writeType(writer, type).longstr(Buffer.from(base64, 'base64'))
  return true
}

function writeType(writer: Writer, type: string): Writer {
  writer.octet(type.charCodeAt(0))
  return writer
}

function checkDepth(depth: number): void {
  if (depth > TABLE_DEPTH_MAX) throw new ConnectionError('SYNTAX_ERROR', `table nested deeper than ${TABLE_DEPTH_MAX}`)
}

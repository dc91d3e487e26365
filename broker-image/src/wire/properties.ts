/** The fourteen properties of class basic [AMQP 1.8.3]: whole, or looked up in place for the hot path. */

import { ConnectionError } from './errors.ts'
import { decodeTable, encodeTable, type FieldTable } from './field-table.ts'
import { readU16, readU32 } from './integers.ts'
import { Reader } from './reader.ts'
import { Writer } from './writer.ts'

/** Properties of a message; an absent one is left out. */
export interface Properties {
  contentType?: string
  contentEncoding?: string
  headers?: FieldTable
  /** 2 = persistent. */
  deliveryMode?: number
  priority?: number
  correlationId?: string
  replyTo?: string
  /** Milliseconds to live, as the text that the publisher sent. */
  expiration?: string
  messageId?: string
  /** Seconds since 1970; from 2^53 only the nearest number. */
  timestamp?: number
  type?: string
  userId?: string
  appId?: string
  clusterId?: string
}

type PropertyType = 'shortstr' | 'table' | 'octet' | 'timestamp'

/** In the order of the wire: the first one has the highest bit of the flags. */
const LAYOUT = [
  ['contentType', 'shortstr'],
  ['contentEncoding', 'shortstr'],
  ['headers', 'table'],
  ['deliveryMode', 'octet'],
  ['priority', 'octet'],
  ['correlationId', 'shortstr'],
  ['replyTo', 'shortstr'],
  ['expiration', 'shortstr'],
  ['messageId', 'shortstr'],
  ['timestamp', 'timestamp'],
  ['type', 'shortstr'],
  ['userId', 'shortstr'],
  ['appId', 'shortstr'],
  ['clusterId', 'shortstr'],
] as const satisfies readonly (readonly [keyof Properties, PropertyType])[]

/** Position of each property in the layout: what `propertyOffset` takes. */
export const PROPERTY = {
  contentType: 0,
  contentEncoding: 1,
  headers: 2,
  deliveryMode: 3,
  priority: 4,
  correlationId: 5,
  replyTo: 6,
  expiration: 7,
  messageId: 8,
  timestamp: 9,
  type: 10,
  userId: 11,
  appId: 12,
  clusterId: 13,
} as const satisfies { readonly [P in keyof Required<Properties>]: number }

const SIZE_SHORTSTR = 0
const SIZE_TABLE = -1
/** Bytes of each property, or how its length is written. */
const SIZES = LAYOUT.map(([, type]) => ({ shortstr: SIZE_SHORTSTR, table: SIZE_TABLE, octet: 1, timestamp: 8 })[type])

/** The flag of each property [AMQP 4.2.6.1], for those who walk a header frame in one pass. */
export const FLAG = {
  contentType: 0x8000,
  contentEncoding: 0x4000,
  headers: 0x2000,
  deliveryMode: 0x1000,
  priority: 0x0800,
  correlationId: 0x0400,
  replyTo: 0x0200,
  expiration: 0x0100,
  messageId: 0x0080,
  timestamp: 0x0040,
  type: 0x0020,
  userId: 0x0010,
  appId: 0x0008,
  clusterId: 0x0004,
} as const satisfies { readonly [P in keyof Required<Properties>]: number }
/** Bits that stand for no property: bit 1 is unused, bit 0 would announce more flags, which class basic does not have. */
export const FLAGS_FORBIDDEN = 0b11
const TIMESTAMP_MAX = 2n ** 64n - 1n

/** Decodes `buffer[flagsOffset, end)`; raises FRAME_ERROR or SYNTAX_ERROR when the values don't fill it exactly. */
export function decodeProperties(buffer: Buffer, flagsOffset: number, end: number): Properties {
  const reader = new Reader(buffer, flagsOffset, end)
  const flags = reader.short()
  checkFlags(flags)
  const properties: { [name: string]: FieldTable | string | number } = {}
  for (let index = 0; index < LAYOUT.length; index++) {
    const [name, type] = LAYOUT[index]!
    if (isPresent(flags, index)) properties[name] = decodeProperty(reader, type)
  }
  if (reader.remaining > 0) throw new ConnectionError('FRAME_ERROR', `${reader.remaining} bytes too many in properties`)
  return properties
}

/** Encodes flags and values as they stand in a header frame. */
export function encodeProperties(properties: Properties): Buffer {
  const writer = new Writer()
  writeProperties(writer, properties)
  return writer.bytes()
}

/** The same, behind what was written before. */
export function writeProperties(writer: Writer, properties: Properties): void {
  writer.short(flagsOf(properties))
  for (const [name, type] of LAYOUT) {
    const value = properties[name]
    if (value !== undefined) encodeProperty(writer, type, value)
  }
}

/**
 * Offset of a property's value (of its length, where it has one), -1 when absent; `which` is one of PROPERTY.
 * The whole value lies before `end`, or FRAME_ERROR is raised.
 */
export function propertyOffset(buffer: Buffer, flagsOffset: number, end: number, which: number): number {
  if (flagsOffset + 2 > end) throw truncated()
  const flags = readU16(buffer, flagsOffset)
  if (!isPresent(flags, which)) return -1
  let at = flagsOffset + 2
  for (let index = 0; index < which; index++) {
    if (isPresent(flags, index)) at += sizeAt(buffer, at, index)
  }
  if (!(at + sizeAt(buffer, at, which) <= end)) throw truncated()
  return at
}

function isPresent(flags: number, index: number): boolean {
  return (flags & (FLAG.contentType >>> index)) !== 0
}

/** Bytes of the value at `at`, its length included; NaN when the length itself lies past the buffer. */
function sizeAt(buffer: Buffer, at: number, index: number): number {
  const size = SIZES[index]!
  if (size === SIZE_SHORTSTR) return 1 + buffer[at]!
  return size === SIZE_TABLE ? 4 + readU32(buffer, at) : size
}

function flagsOf(properties: Properties): number {
  let flags = 0
  for (let index = 0; index < LAYOUT.length; index++) {
    if (properties[LAYOUT[index]![0]] !== undefined) flags |= FLAG.contentType >>> index
  }
  return flags
}

function decodeProperty(reader: Reader, type: PropertyType): FieldTable | string | number {
  if (type === 'shortstr') return reader.shortstrLenient()
  if (type === 'octet') return reader.octet()
  return type === 'table' ? decodeTable(reader) : Number(reader.bigUnsigned())
}

function encodeProperty(writer: Writer, type: PropertyType, value: FieldTable | string | number): void {
  if (type === 'shortstr') writer.shortstr(value as string)
  else if (type === 'octet') writer.octet(value as number)
  else if (type === 'table') encodeTable(writer, value as FieldTable)
  else writer.bigInteger(clampedTimestamp(value as number))
}

/** The nearest number to a timestamp of 64 bits may be one above the largest of them. */
function clampedTimestamp(seconds: number): bigint {
  const exact = BigInt(Math.trunc(seconds))
  return exact > TIMESTAMP_MAX ? TIMESTAMP_MAX : exact
}

function checkFlags(flags: number): void {
  if ((flags & FLAGS_FORBIDDEN) !== 0) throw new ConnectionError('SYNTAX_ERROR', 'unknown property flags')
}

function truncated(): ConnectionError {
  return new ConnectionError('FRAME_ERROR', 'properties do not fit their frame')
}

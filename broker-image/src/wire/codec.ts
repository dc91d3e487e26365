/** Methods to bytes and back, driven by the table of methods; for everything but the hot path. */

import { ConnectionError } from './errors.ts'
import { decodeTable, encodeTable } from './field-table.ts'
import { FRAME_END, FRAME_METHOD } from './frame.ts'
import {
  type ArgumentType,
  type ArgumentTypes,
  METHODS,
  type Method,
  type MethodArgs,
  type MethodName,
  type MethodShape,
} from './methods.ts'
import { Reader } from './reader.ts'
import { Writer } from './writer.ts'

interface ArgumentCodec<T> {
  /** What a reserved argument is written as. */
  readonly zero: T
  decode(reader: Reader): T
  encode(writer: Writer, value: T): void
}

const CODECS: { readonly [T in ArgumentType]: ArgumentCodec<ArgumentTypes[T]> } = {
  bit: { zero: false, decode: reader => reader.bit(), encode: (writer, value) => writer.bit(value) },
  octet: { zero: 0, decode: reader => reader.octet(), encode: (writer, value) => writer.octet(value) },
  short: { zero: 0, decode: reader => reader.short(), encode: (writer, value) => writer.short(value) },
  long: { zero: 0, decode: reader => reader.long(), encode: (writer, value) => writer.long(value) },
  longlong: { zero: 0, decode: reader => reader.longlong(), encode: (writer, value) => writer.longlong(value) },
  shortstr: { zero: '', decode: reader => reader.shortstr(), encode: (writer, value) => writer.shortstr(value) },
  longstr: { zero: Buffer.alloc(0), decode: reader => reader.longstr(), encode: (writer, v) => writer.longstr(v) },
  table: { zero: {}, decode: decodeTable, encode: encodeTable },
}

const NAMES_BY_ID: ReadonlyMap<number, MethodName> = new Map(
  (Object.keys(METHODS) as MethodName[]).map(name => [methodId(name), name]),
)

/** Class and method as the 32 bits that open a method frame's payload. */
export function methodId(name: MethodName): number {
  const [classId, id] = METHODS[name].id
  return (classId << 16) | id
}

/**
 * Decodes the payload of a method frame, `buffer[offset, end)`; the offset is that of the class id.
 * Raises FRAME_ERROR when the arguments don't fill it exactly (as RabbitMQ), SYNTAX_ERROR for values that can't be,
 * and NOT_IMPLEMENTED for a method that is not in the table [AMQP 1.5.2.1]: RabbitMQ drops the connection there.
 */
export function decodeMethod(buffer: Buffer, offset: number, end: number): Method {
  const reader = new Reader(buffer, offset, end)
  const classId = reader.short()
  const id = reader.short()
  const name = NAMES_BY_ID.get((classId << 16) | id)
  if (name === undefined) throw new ConnectionError('NOT_IMPLEMENTED', `unknown method ${classId}.${id}`)
  const args: { [name: string]: ArgumentTypes[ArgumentType] } = {}
  for (const [argument, type] of shapeOf(name).args) {
    const value = CODECS[type].decode(reader)
    if (!isReserved(argument)) args[argument] = value
  }
  if (reader.remaining > 0) throw new ConnectionError('FRAME_ERROR', `${reader.remaining} bytes too many in ${name}`)
  return { name, args } as unknown as Method
}

/** Encodes a whole frame, from the frame type to the end octet. */
export function encodeMethodFrame<N extends MethodName>(channel: number, name: N, args: MethodArgs<N>): Buffer {
  const writer = new Writer()
  writer.octet(FRAME_METHOD)
  writer.short(channel)
  writer.sized(() => {
    writer.long(methodId(name))
    const values = args as { readonly [name: string]: ArgumentTypes[ArgumentType] }
    for (const [argument, type] of shapeOf(name).args) encodeArgument(writer, type, values[argument])
  })
  writer.octet(FRAME_END)
  return writer.bytes()
}

function encodeArgument<T extends ArgumentType>(writer: Writer, type: T, value: unknown): void {
  const codec = CODECS[type]
  codec.encode(writer, value === undefined ? codec.zero : (value as ArgumentTypes[T]))
}

function shapeOf(name: MethodName): MethodShape {
  return METHODS[name]
}

function isReserved(argument: string): boolean {
  return argument.startsWith('reserved')
}

/** The codec is its own inverse for every method of the table, refuses the rest, and writes the bytes of the specification. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytes, fieldTable, shortText } from '../../test/arbitraries.ts'
import { isAccepted } from '../../test/refusal.ts'
import { decodeMethod, encodeMethodFrame, methodId } from './codec.ts'
import { ConnectionError } from './errors.ts'
import { FRAME_END, FRAME_HEAD_BYTES } from './frame.ts'
import {
  type ArgumentType,
  METHODS,
  type Method,
  type MethodArgs,
  type MethodName,
  type MethodShape,
} from './methods.ts'

const METHOD_NAMES = Object.keys(METHODS) as MethodName[]

const ARGUMENTS: { readonly [T in ArgumentType]: fc.Arbitrary<unknown> } = {
  bit: fc.boolean(),
  octet: fc.nat(0xff),
  short: fc.nat(0xffff),
  long: fc.nat(0xffff_ffff),
  longlong: fc.maxSafeNat(),
  shortstr: shortText,
  longstr: bytes,
  table: fieldTable,
}

/** Any arguments of one method, generated from the table. */
function argumentsOf<N extends MethodName>(name: N): fc.Arbitrary<MethodArgs<N>> {
  const shape: MethodShape = METHODS[name]
  const visible = shape.args.filter(([argument]) => !argument.startsWith('reserved'))
  const fields = Object.fromEntries(visible.map(([argument, type]) => [argument, ARGUMENTS[type]]))
  return fc.record(fields, { noNullPrototype: true }) as unknown as fc.Arbitrary<MethodArgs<N>>
}

const anyFrame = fc
  .constantFrom(...METHOD_NAMES)
  .chain(name => argumentsOf(name).map(args => encodeMethodFrame(1, name, args)))

function decodeFrame(frame: Buffer): Method {
  return decodeMethod(frame, FRAME_HEAD_BYTES, frame.length - 1)
}

function hex(text: string): Buffer {
  return Buffer.from(text.replace(/\s/g, ''), 'hex')
}

test.each(METHOD_NAMES)('%s survives the wire with any arguments', name => {
  fc.assert(
    fc.property(argumentsOf(name), fc.nat(0xffff), (args, channel) => {
      const frame = encodeMethodFrame(channel, name, args)
      expect(decodeFrame(frame)).toEqual({ name, args })
      expect([frame[0], frame.readUInt16BE(1), frame.readUInt32BE(3)]).toEqual([1, channel, frame.length - 8])
      expect(frame.at(-1)).toBe(FRAME_END)
    }),
    { numRuns: 25 },
  )
})

test('the frame in the middle of a larger buffer decodes the same', () => {
  fc.assert(
    fc.property(anyFrame, bytes, bytes, (frame, before, after) => {
      const buffer = Buffer.concat([before, frame, after])
      const start = before.length
      const decoded = decodeMethod(buffer, start + FRAME_HEAD_BYTES, start + frame.length - 1)
      expect(decoded).toEqual(decodeFrame(frame))
    }),
  )
})

test('arguments that are cut short or run over are frame errors', () => {
  fc.assert(
    fc.property(anyFrame, fc.nat(), (frame, seed) => {
      const payload = frame.subarray(FRAME_HEAD_BYTES, -1)
      const cut = seed % payload.length
      expect(() => decodeMethod(payload, 0, cut)).toThrow('FRAME_ERROR')
      const longer = Buffer.concat([payload, Buffer.from([0])])
      expect(() => decodeMethod(longer, 0, longer.length)).toThrow('FRAME_ERROR')
    }),
  )
})

test('frames with changed bytes give a method or a connection error', () => {
  fc.assert(
    fc.property(anyFrame, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 5 }), (frame, changes) => {
      const payload = Buffer.from(frame.subarray(FRAME_HEAD_BYTES, -1))
      for (const [at, octet] of changes) payload[at % payload.length] = octet
      isAccepted(() => decodeMethod(payload, 0, payload.length))
    }),
  )
})

test('arbitrary bytes give a method or a connection error', () => {
  fc.assert(
    fc.property(fc.constantFrom(...METHOD_NAMES), fc.uint8Array({ maxLength: 80, size: 'max' }), (name, octets) => {
      const payload = Buffer.concat([Buffer.alloc(4), octets])
      payload.writeUInt32BE(methodId(name))
      isAccepted(() => decodeMethod(payload, 0, payload.length))
      isAccepted(() => decodeMethod(Buffer.from(octets), 0, octets.length))
    }),
  )
})

test('no two methods share an id', () => {
  expect(new Set(METHOD_NAMES.map(methodId)).size).toBe(METHOD_NAMES.length)
})

test('a method that the table lacks is not implemented, and named in the answer', () => {
  expect(() => decodeMethod(hex('003c 03e7'), 0, 4)).toThrow(
    new ConnectionError('NOT_IMPLEMENTED', 'unknown method 60.999'),
  )
})

/** Whole frames written by hand from the specification. */
const VECTORS: { readonly [claim: string]: readonly [Buffer, Buffer] } = {
  'a method without arguments is its two ids': [
    encodeMethodFrame(0, 'connection.close-ok', {}),
    hex('01 0000 00000004 000a 0033 ce'),
  ],
  'reserved arguments are written as zero and as empty text': [
    encodeMethodFrame(0, 'connection.open', { virtualHost: '/' }),
    hex('01 0000 00000008 000a 0028 01 2f 00 00 ce'),
  ],
  'a reserved long string is written empty': [
    encodeMethodFrame(1, 'channel.open-ok', {}),
    hex('01 0001 00000008 0014 000b 00000000 ce'),
  ],
  'numbers are big-endian': [
    encodeMethodFrame(0, 'connection.tune', { channelMax: 2047, frameMax: 131072, heartbeat: 60 }),
    hex('01 0000 0000000c 000a 001e 07ff 00020000 003c ce'),
  ],
  'five bits share an octet, the first is the lowest': [
    encodeMethodFrame(2, 'queue.declare', {
      queue: 'q',
      passive: false,
      durable: true,
      exclusive: false,
      autoDelete: true,
      noWait: false,
      arguments: { 'x-max-length': 7 },
    }),
    hex('01 0002 0000001f 0032 000a 0000 01 71 0a 00000012 0c 782d6d61782d6c656e677468 49 00000007 ce'),
  ],
  'a delivery tag has 64 bits, and a bit has an octet to itself before text': [
    encodeMethodFrame(3, 'basic.deliver', {
      consumerTag: 'c',
      deliveryTag: 258,
      redelivered: true,
      exchange: '',
      routingKey: 'k',
    }),
    hex('01 0003 00000012 003c 003c 01 63 0000000000000102 01 00 01 6b ce'),
  ],
  'exchange.unbind-ok is 51': [encodeMethodFrame(1, 'exchange.unbind-ok', {}), hex('01 0001 00000004 0028 0033 ce')],
}

test.each(Object.entries(VECTORS))('%s', (_claim, [ours, expected]) => {
  expect(ours.toString('hex')).toBe(expected.toString('hex'))
})

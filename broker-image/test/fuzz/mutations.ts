/** Ways to spoil a frame, from a bit that flips to a method that nobody expects. */
import { encodeMethodFrame } from '../../src/wire/codec.ts'
import type { FieldTable } from '../../src/wire/field-table.ts'
import { FRAME_END, FRAME_HEAD_BYTES, FRAME_HEADER, FRAME_OVERHEAD } from '../../src/wire/frame.ts'
import { writeU16, writeU32 } from '../../src/wire/integers.ts'
import {
  type ArgumentType,
  type ArgumentTypes,
  METHODS,
  type MethodArgs,
  type MethodName,
} from '../../src/wire/methods.ts'
import type { Draw } from '../sim/draw.ts'
import { publishFrames } from '../support/test-client.ts'

const RANDOM_BYTES_MAX = 64
/** Highest channel that spoiled frames name. */
export const CHANNEL_MAX = 4
const FRAME_MAX = 4_096

/** Spoils one frame (or puts something else in its place); the result may be more than a frame, or none. */
type Mutation = (frame: Buffer, draw: Draw) => Buffer

const MUTATIONS: readonly Mutation[] = [
  changed((frame, draw) => flip(frame, draw.between(0, frame.length - 1), draw)),
  changed((frame, draw) =>
    flip(frame, draw.between(Math.min(FRAME_HEAD_BYTES, frame.length - 1), frame.length - 1), draw),
  ),
  changed((frame, draw) => (frame[draw.between(0, frame.length - 1)] = draw.pick([0, 1, 0x7f, 0x80, 0xfe, 0xff]))),
  changed((frame, draw) => writeU32(frame, 3, draw.pick([0, 1, frame.length, 131_064, 131_065, 0xffff_ffff]))),
  changed((frame, draw) => writeU16(frame, 1, draw.between(0, CHANNEL_MAX))),
  changed((frame, draw) => (frame[0] = draw.between(0, 9))),
  changed((frame, draw) => (frame[frame.length - 1] = draw.between(0, 255))),
  shortened,
  (frame, draw) => frame.subarray(0, draw.between(0, frame.length - 1)),
  frame => Buffer.concat([frame, frame]),
  () => Buffer.alloc(0),
  (frame, draw) => Buffer.concat([frame, randomBytes(draw)]),
  (_, draw) => randomBytes(draw),
  (_, draw) => framed(draw.between(1, 3), draw.between(0, CHANNEL_MAX), randomBytes(draw)),
  (_, draw) => randomHeader(draw),
  (_, draw) => randomMethod(draw),
  (_, draw) => randomMethod(draw),
  (_, draw) => randomPublish(draw),
]

export function mutate(frame: Buffer, draw: Draw): Buffer {
  return draw.pick(MUTATIONS)(frame, draw)
}

export function randomBytes(draw: Draw): Buffer {
  return Buffer.from(Array.from({ length: draw.between(1, RANDOM_BYTES_MAX) }, () => draw.between(0, 255)))
}

/** Any method that the table has, a server's ones too, with arguments of the right types. */
export function randomMethod(draw: Draw): Buffer {
  const name = draw.pick(Object.keys(METHODS) as MethodName[])
  const args: { [name: string]: unknown } = {}
  for (const [argument, type] of METHODS[name].args) {
    if (!argument.startsWith('reserved')) args[argument] = VALUES[type](draw)
  }
  return encodeMethodFrame(draw.between(0, CHANNEL_MAX), name, args as MethodArgs<typeof name>)
}

const NAMES = [
  '',
  'q',
  'q1',
  'q2',
  'x',
  'e',
  'amq.topic',
  'amq.headers',
  'amq.rabbitmq.reply-to',
  'c',
  'a.b.c',
  '#',
  '*',
]
const TYPES = [
  'direct',
  'fanout',
  'topic',
  'headers',
  'x-consistent-hash',
  'x-delayed-message',
  'x-recent-history',
  'none',
]

const VALUES: { readonly [T in ArgumentType]: (draw: Draw) => ArgumentTypes[T] } = {
  bit: draw => draw.chance(0.3),
  octet: draw => draw.between(0, 255),
  short: draw => draw.pick([0, 1, 2, 10, 0xffff]),
  long: draw => draw.pick([0, 1, 4_096, 131_072, 0xffff_ffff]),
  longlong: draw => draw.pick([0, 1, 2, 3, 10, Number.MAX_SAFE_INTEGER]),
  shortstr: draw => draw.pick(draw.chance(0.2) ? TYPES : NAMES),
  longstr: randomBytes,
  table: randomTable,
}

const KEYS = [
  'x-message-ttl',
  'x-expires',
  'x-max-length',
  'x-max-length-bytes',
  'x-overflow',
  'x-max-priority',
  'x-dead-letter-exchange',
  'x-dead-letter-routing-key',
  'x-dead-letter-strategy',
  'x-delivery-limit',
  'x-queue-type',
  'x-queue-mode',
  'x-single-active-consumer',
  'x-delayed-type',
  'x-delay',
  'x-message-deduplication',
  'x-cache-size',
  'x-recent-history-length',
  'hash-header',
  'alternate-exchange',
  'x-match',
  'x-priority',
  'x-death',
  'CC',
  'BCC',
]

function randomTable(draw: Draw): FieldTable {
  const table: { [key: string]: FieldTable[string] } = {}
  for (let left = draw.between(0, 3); left > 0; left--) {
    table[draw.pick(KEYS)] = draw.pick<FieldTable[string]>([
      0,
      1,
      5,
      255,
      -1,
      1_000,
      2 ** 40,
      1.5,
      true,
      null,
      '',
      'q',
      'x',
      'direct',
      'quorum',
      'drop-head',
      'all',
      ['q', 1],
      { a: [] },
    ])
  }
  return table
}

function randomPublish(draw: Draw): Buffer {
  const message = {
    exchange: draw.pick(NAMES),
    routingKey: draw.pick(NAMES),
    mandatory: draw.chance(0.3),
    properties: {
      headers: randomTable(draw),
      deliveryMode: draw.between(0, 2),
      priority: draw.between(0, 255),
      expiration: draw.pick(['0', '1', '100', 'x', '-1', '']),
      replyTo: draw.pick(NAMES),
    },
    body: randomBytes(draw),
  }
  return publishFrames(draw.between(1, CHANNEL_MAX), message, FRAME_MAX)
}

/** A content header whose flags and values have nothing to do with each other. */
function randomHeader(draw: Draw): Buffer {
  const payload = Buffer.concat([Buffer.alloc(14), randomBytes(draw)])
  writeU16(payload, 0, draw.pick([60, 60, 60, 0, 10]))
  writeU32(payload, 8, draw.pick([0, 1, 5, 100, 0xffff_ffff]))
  writeU16(payload, 12, draw.between(0, 0xffff))
  return framed(FRAME_HEADER, draw.between(1, CHANNEL_MAX), payload)
}

/** The frame without some of its payload, its size made to fit. */
function shortened(frame: Buffer, draw: Draw): Buffer {
  if (frame.length <= FRAME_OVERHEAD) return frame
  const payload = frame.subarray(FRAME_HEAD_BYTES, draw.between(FRAME_HEAD_BYTES, frame.length - 1))
  return framed(frame[0]!, frame.readUInt16BE(1), payload)
}

function framed(type: number, channel: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(FRAME_HEAD_BYTES)
  head[0] = type
  writeU16(head, 1, channel)
  writeU32(head, 3, payload.length)
  return Buffer.concat([head, payload, Buffer.of(FRAME_END)])
}

function flip(frame: Buffer, at: number, draw: Draw): void {
  frame[at]! ^= 1 << draw.between(0, 7)
}

function changed(change: (copy: Buffer, draw: Draw) => void): Mutation {
  return (frame, draw) => {
    const copy = Buffer.from(frame)
    if (copy.length >= FRAME_OVERHEAD) change(copy, draw)
    return copy
  }
}

/** Frames out of a byte stream, however it is cut. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ConnectionError } from '../wire/errors.ts'
import { FRAME_END, FRAME_OVERHEAD } from '../wire/frame.ts'
import { writeU16, writeU32 } from '../wire/integers.ts'
import { FrameInput } from './frame-input.ts'

const FRAME_MAX = 4_096

function frame(type: number, channel: number, payload: Buffer): Buffer {
  const bytes = Buffer.alloc(payload.length + FRAME_OVERHEAD)
  bytes[0] = type
  writeU16(bytes, 1, channel)
  writeU32(bytes, 3, payload.length)
  payload.copy(bytes, 7)
  bytes[bytes.length - 1] = FRAME_END
  return bytes
}

/** Feeds chunks, spoiling each afterwards, and collects whole frames. */
function framesOf(chunks: Buffer[]): string[] {
  const frames: string[] = []
  const input = new FrameInput(FRAME_MAX, (buffer, start, end) => {
    let at = start
    while (end - at >= FRAME_OVERHEAD) {
      const next = at + input.frameBytes(buffer, at)
      if (next > end) break
      frames.push(buffer.toString('hex', at, next))
      at = next
    }
    buffer.fill(0xee, start, at)
    return at
  })
  for (const chunk of chunks) {
    const own = Buffer.from(chunk)
    input.feed(own)
    own.fill(0xee)
  }
  return frames
}

const anyFrame = fc
  .tuple(fc.constantFrom(1, 2, 3, 8), fc.integer({ min: 0, max: 0xffff }), fc.uint8Array({ maxLength: 60 }))
  .map(([type, channel, payload]) => frame(type, channel, Buffer.from(payload)))

test('any cut of a stream gives the same frames', () => {
  fc.assert(
    fc.property(fc.array(anyFrame, { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 20 }), (frames, cuts) => {
      const stream = Buffer.concat(frames)
      const places = [...cuts.map(cut => cut % (stream.length + 1)), stream.length].sort((a, b) => a - b)
      const chunks = places.map((place, at) => stream.subarray(at === 0 ? 0 : places[at - 1], place))
      expect(framesOf(chunks)).toEqual(frames.map(bytes => bytes.toString('hex')))
    }),
  )
})

test('a stream in single bytes gives its frames', () => {
  const frames = [frame(1, 1, Buffer.from('abc')), frame(8, 0, Buffer.alloc(0)), frame(3, 1, Buffer.alloc(300, 1))]
  const chunks = [...Buffer.concat(frames)].map(byte => Buffer.from([byte]))
  expect(framesOf(chunks)).toEqual(frames.map(bytes => bytes.toString('hex')))
})

describe('a frame that can not be is refused with 501', () => {
  const cases: { [claim: string]: Buffer } = {
    'of an unknown type': frame(4, 1, Buffer.alloc(1)),
    'of type 0': frame(0, 1, Buffer.alloc(1)),
    'of a byte too many': frame(3, 1, Buffer.alloc(FRAME_MAX + 1)),
  }
  test.each(Object.entries(cases))('%s', (_claim, bytes) => {
    for (const chunks of [
      [bytes],
      [bytes.subarray(0, 7), bytes.subarray(7)],
      [bytes.subarray(0, 3), bytes.subarray(3)],
    ]) {
      expect(() => framesOf(chunks)).toThrow(ConnectionError)
    }
  })

  test('but one whose payload is as large as agreed is taken: rabbitmq-client sends such', () => {
    const largest = frame(3, 1, Buffer.alloc(FRAME_MAX))
    expect(framesOf([largest.subarray(0, 10), largest.subarray(10)])).toHaveLength(1)
  })
})

test('frames that their taker left are the same when they are fed again, with what came behind them', () => {
  fc.assert(
    fc.property(fc.array(anyFrame, { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 20 }), (frames, cuts) => {
      const stream = Buffer.concat(frames)
      const places = [...cuts.map(cut => cut % (stream.length + 1)), stream.length].sort((a, b) => a - b)
      const taken: string[] = []
      let room = 0
      const input = new FrameInput(FRAME_MAX, (buffer, start, end) => {
        const next = end - start < FRAME_OVERHEAD ? end + 1 : start + input.frameBytes(buffer, start)
        if (next > end || room === 0) return start
        room--
        taken.push(buffer.toString('hex', start, next))
        return next
      })
      for (const [at, place] of places.entries()) {
        const own = Buffer.from(stream.subarray(at === 0 ? 0 : places[at - 1], place))
        room = at % 2
        input.feed(own)
        own.fill(0xee)
        if (at % 3 === 0) input.feed(input.takeLeft())
      }
      while (input.hasLeft) {
        room = 1
        input.feed(input.takeLeft())
      }
      expect(taken).toEqual(frames.map(bytes => bytes.toString('hex')))
    }),
  )
})

/** Frames written outside the codec adhere to the frame size and to the specification. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytes } from '../../test/arbitraries.ts'
import { methodId } from './codec.ts'
import {
  encodeContentFrames,
  FRAME_BODY,
  FRAME_END,
  FRAME_HEADER,
  heartbeatFrame,
  METHOD_ID,
  PROTOCOL_HEADER,
} from './frame.ts'
import { METHODS, type MethodName } from './methods.ts'
import { encodeProperties } from './properties.ts'

interface Frame {
  type: number
  channel: number
  payload: Buffer
}

/** A parser of frames that knows nothing of the encoder. */
function parseFrames(wire: Buffer): Frame[] {
  const frames: Frame[] = []
  for (let at = 0; at < wire.length; ) {
    const size = wire.readUInt32BE(at + 3)
    const end = at + 7 + size
    expect(wire[end]).toBe(FRAME_END)
    frames.push({ type: wire[at]!, channel: wire.readUInt16BE(at + 1), payload: wire.subarray(at + 7, end) })
    at = end + 1
  }
  return frames
}

test('content adheres to the frame size and is whole again when its chunks are joined', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300, size: 'max' }),
      fc.integer({ min: 30, max: 120 }),
      fc.nat(0xffff),
      (octets, frameMax, channel) => {
        const body = Buffer.from(octets)
        const properties = encodeProperties({ deliveryMode: 2 })
        const [header, ...chunks] = parseFrames(encodeContentFrames(channel, properties, body, frameMax))
        expect(header).toMatchObject({ type: FRAME_HEADER, channel })
        expect(header!.payload.readUInt16BE(0)).toBe(60)
        expect(header!.payload.readBigUInt64BE(4)).toBe(BigInt(body.length))
        expect(header!.payload.subarray(12)).toEqual(properties)
        for (const chunk of chunks) {
          expect(chunk).toMatchObject({ type: FRAME_BODY, channel })
          expect(chunk.payload.length + 8).toBeLessThanOrEqual(frameMax)
          expect(chunk.payload.length).toBeGreaterThan(0)
        }
        expect(Buffer.concat(chunks.map(chunk => chunk.payload))).toEqual(body)
        expect(chunks.length).toBe(Math.ceil(body.length / (frameMax - 8)))
      },
    ),
  )
})

test('without a limit the body is one frame, and an empty body is none', () => {
  fc.assert(
    fc.property(bytes, body => {
      const frames = parseFrames(encodeContentFrames(1, Buffer.alloc(2), body, 0))
      expect(frames.length).toBe(body.length === 0 ? 1 : 2)
    }),
  )
})

test('a header and a body are the bytes of the specification', () => {
  const wire = encodeContentFrames(1, Buffer.from([0, 0]), Buffer.from('hi'), 4096)
  expect(wire.toString('hex')).toBe(
    ['02 0001 0000000e 003c 0000 0000000000000002 0000 ce', '03 0001 00000002 6869 ce'].join('').replace(/ /g, ''),
  )
})

test('a heartbeat is an empty frame on channel 0', () => {
  expect(heartbeatFrame().toString('hex')).toBe('08000000000000ce')
})

test('the protocol header names version 0-9-1', () => {
  expect(PROTOCOL_HEADER.toString('latin1')).toBe('AMQP\0\0\x09\x01')
})

test('the ids of the hot path are those of the table of methods', () => {
  for (const [constant, id] of Object.entries(METHOD_ID)) {
    const name = constant.toLowerCase().replace('_', '.').replaceAll('_', '-')
    expect(METHODS).toHaveProperty([name])
    expect(methodId(name as MethodName)).toBe(id)
  }
})

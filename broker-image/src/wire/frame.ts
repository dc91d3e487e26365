/**
 * Frames of AMQP 0-9-1 [AMQP 4.2.3], and the few that are written outside the method codec.
 *
 *     0      1         3         7                 7 + size
 *     +------+---------+---------+-- … ------------+------+
 *     | type | channel | size    | payload         | 0xce |
 *     | u8   | u16     | u32     | size bytes      | u8   |
 *     +------+---------+---------+-- … ------------+------+
 *
 *     method payload   classId u16 · methodId u16 · arguments
 *     header payload   classId u16 · weight u16 (0) · bodySize u64 · propertyFlags u16 · property values
 *     body payload     at most frameMax - 8 bytes of the body
 *     heartbeat        channel 0, no payload
 */

import { copyBytes, readU32, writeU16, writeU32, writeU64 } from './integers.ts'

export const FRAME_METHOD = 1
export const FRAME_HEADER = 2
export const FRAME_BODY = 3
export const FRAME_HEARTBEAT = 8
export const FRAME_END = 0xce

/** Bytes before the payload: type, channel, size. */
export const FRAME_HEAD_BYTES = 7
/** Bytes of a frame that are not payload. */
export const FRAME_OVERHEAD = 8
/** Where the property flags stand in the payload of a header frame. */
export const HEADER_FLAGS_OFFSET = 12

export const CLASS_BASIC = 60

/** What a client sends first, and what we answer to anything else [AMQP 4.2.2]. */
export const PROTOCOL_HEADER = Buffer.from([0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1])

/** Class and method as one number, for comparison in place. */
export const METHOD_ID = {
  BASIC_PUBLISH: (CLASS_BASIC << 16) | 40,
  BASIC_RETURN: (CLASS_BASIC << 16) | 50,
  BASIC_DELIVER: (CLASS_BASIC << 16) | 60,
  BASIC_GET: (CLASS_BASIC << 16) | 70,
  BASIC_GET_OK: (CLASS_BASIC << 16) | 71,
  BASIC_ACK: (CLASS_BASIC << 16) | 80,
  BASIC_REJECT: (CLASS_BASIC << 16) | 90,
  BASIC_NACK: (CLASS_BASIC << 16) | 120,
  TX_COMMIT: (90 << 16) | 20,
} as const

/** Where the payload of the frame at `at` ends, and its end octet stands. */
export function payloadEnd(frames: Buffer, at: number): number {
  return at + FRAME_HEAD_BYTES + readU32(frames, at + 3)
}

export function heartbeatFrame(): Buffer {
  return Buffer.from([FRAME_HEARTBEAT, 0, 0, 0, 0, 0, 0, FRAME_END])
}

/**
 * Encodes the header frame and body frames that follow a method with content.
 * `properties`: flags and values as they stand in a header frame. `frameMax`: bytes of a whole frame; 0 = no limit.
 */
export function encodeContentFrames(channel: number, properties: Buffer, body: Buffer, frameMax: number): Buffer {
  const chunkMax = frameMax === 0 ? body.length : frameMax - FRAME_OVERHEAD
  const chunks = body.length === 0 ? 0 : Math.ceil(body.length / chunkMax)
  const headerSize = HEADER_FLAGS_OFFSET + properties.length
  const frames = Buffer.allocUnsafe(headerSize + body.length + (chunks + 1) * FRAME_OVERHEAD)
  let at = writeFrameHead(frames, 0, { type: FRAME_HEADER, channel, size: headerSize })
  writeU16(frames, at, CLASS_BASIC)
  writeU16(frames, at + 2, 0)
  writeU64(frames, at + 4, body.length)
  at = writeFrameTail(frames, at + HEADER_FLAGS_OFFSET, properties)
  for (let start = 0; start < body.length; start += chunkMax) {
    const chunk = body.subarray(start, start + chunkMax)
    at = writeFrameHead(frames, at, { type: FRAME_BODY, channel, size: chunk.length })
    at = writeFrameTail(frames, at, chunk)
  }
  return frames
}

/** Returns the offset of the payload. */
function writeFrameHead(target: Buffer, at: number, head: { type: number; channel: number; size: number }): number {
  target[at] = head.type
  writeU16(target, at + 1, head.channel)
  writeU32(target, at + 3, head.size)
  return at + FRAME_HEAD_BYTES
}

/** Writes the last bytes of a payload and the end octet; returns the offset behind it. */
function writeFrameTail(target: Buffer, at: number, bytes: Buffer): number {
  copyBytes(target, at, bytes, 0, bytes.length)
  target[at + bytes.length] = FRAME_END
  return at + bytes.length + 1
}

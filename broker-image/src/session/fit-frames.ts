/** A message cut anew for a client that takes smaller frames than its publisher sent. */
import { encodeContentFrames, FRAME_HEAD_BYTES, FRAME_OVERHEAD, HEADER_FLAGS_OFFSET } from '../wire/frame.ts'
import { readU32 } from '../wire/integers.ts'
import { fitProperties } from './fit-headers.ts'

/** Answers the same wire form with no content frame above `frameMax` bytes; headers that don't fit are left out. */
export function fitFrames(wire: Buffer, keyLength: number, frameMax: number): Buffer {
  const headAt = keyLength + 2
  const headerBytes = readU32(wire, headAt + 3)
  const propertiesAt = headAt + FRAME_HEAD_BYTES + HEADER_FLAGS_OFFSET
  const headerEnd = headAt + FRAME_HEAD_BYTES + headerBytes
  const properties = fitProperties(wire.subarray(propertiesAt, headerEnd), frameMax)
  const content = encodeContentFrames(0, properties, bodyOf(wire, headerEnd + 1), frameMax)
  return Buffer.concat([wire.subarray(0, headAt), content])
}

/** The body of a message whose body frames stand at `[bodyAt, end)` of `wire`. */
export function bodyOf(wire: Buffer, bodyAt: number): Buffer {
  const chunks: Buffer[] = []
  for (let at = bodyAt; at < wire.length; at += readU32(wire, at + 3) + FRAME_OVERHEAD) {
    const from = at + FRAME_HEAD_BYTES
    chunks.push(wire.subarray(from, from + readU32(wire, at + 3)))
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
}

/** A message cut anew for a client that takes smaller frames than its publisher sent. */
import { joinFrames } from '../vhost/wire-form.ts'
import { encodeContentFrames, FRAME_HEAD_BYTES, HEADER_FLAGS_OFFSET, payloadEnd } from '../wire/frame.ts'
import { fitProperties } from './fit-headers.ts'

/** Answers the same wire form with no content frame above `frameMax` bytes; headers that don't fit are left out. */
export function fitFrames(wire: Buffer, keyLength: number, frameMax: number): Buffer {
  const headAt = keyLength + 2
  const propertiesAt = headAt + FRAME_HEAD_BYTES + HEADER_FLAGS_OFFSET
  const headerEnd = payloadEnd(wire, headAt)
  const properties = fitProperties(wire.subarray(propertiesAt, headerEnd), frameMax)
  const content = encodeContentFrames(0, properties, joinFrames(wire.subarray(headerEnd + 1)), frameMax)
  return Buffer.concat([wire.subarray(0, headAt), content])
}

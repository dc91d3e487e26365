/** Content frames for `basic.return` and `basic.get-ok`, made from the wire form of a message. */
import type { Arrival } from '../queue/intake.ts'
import { joinFrames } from '../vhost/wire-form.ts'
import { encodeContentFrames, FRAME_HEAD_BYTES, HEADER_FLAGS_OFFSET, payloadEnd } from '../wire/frame.ts'
import { fitProperties } from './fit-headers.ts'

/** Headers that don't fit `frameMax` are left out. */
export function contentOf(
  { source, start, keyLength, end }: Pick<Arrival, 'source' | 'start' | 'keyLength' | 'end'>,
  channel: number,
  frameMax: number,
): { exchange: string; routingKey: string; frames: Buffer } {
  const keyAt = start + 1 + source[start]!
  const headerAt = start + keyLength + 2
  const headerEnd = payloadEnd(source, headerAt)
  const sent = source.subarray(headerAt + FRAME_HEAD_BYTES + HEADER_FLAGS_OFFSET, headerEnd)
  const properties = fitProperties(sent, frameMax)
  return {
    exchange: source.toString('utf8', start + 1, keyAt),
    routingKey: source.toString('utf8', keyAt + 1, start + keyLength),
    frames: encodeContentFrames(channel, properties, joinFrames(source.subarray(headerEnd + 1, end)), frameMax),
  }
}

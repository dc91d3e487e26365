/** Content frames for `basic.return` and `basic.get-ok`, made from the wire form of a message. */
import type { Arrival } from '../queue/intake.ts'
import { encodeContentFrames, FRAME_HEAD_BYTES, HEADER_FLAGS_OFFSET } from '../wire/frame.ts'
import { readU32 } from '../wire/integers.ts'
import { bodyOf } from './fit-frames.ts'
import { fitProperties } from './fit-headers.ts'

/** Headers that don't fit `frameMax` are left out. */
export function contentOf(
  { source, start, keyLength, end }: Pick<Arrival, 'source' | 'start' | 'keyLength' | 'end'>,
  channel: number,
  frameMax: number,
): { exchange: string; routingKey: string; frames: Buffer } {
  const keyAt = start + 1 + source[start]!
  const headerAt = start + keyLength + 2
  const headerEnd = headerAt + FRAME_HEAD_BYTES + readU32(source, headerAt + 3)
  const sent = source.subarray(headerAt + FRAME_HEAD_BYTES + HEADER_FLAGS_OFFSET, headerEnd)
  const properties = fitProperties(sent, frameMax)
  return {
    exchange: source.toString('utf8', start + 1, keyAt),
    routingKey: source.toString('utf8', keyAt + 1, start + keyLength),
    frames: encodeContentFrames(channel, properties, bodyOf(source.subarray(0, end), headerEnd + 1), frameMax),
  }
}

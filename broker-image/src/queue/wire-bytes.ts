/** A message as bytes, where they stand: in the log, or in the frames of a publish. */
import { entryEnd, keyLengthAt, wireStart } from '../log/record.ts'
import type { Arrival } from './intake.ts'
import type { Message } from './message.ts'

/** The wire form of a message, `source[start, end)`, beginning with `keyLength` bytes of exchange and routing key. */
export type WireBytes = Pick<Arrival, 'source' | 'start' | 'keyLength' | 'end'>

/** `bytes` are those of the segment that holds the message. */
export function wireOf(bytes: Buffer, { offset }: Message): WireBytes {
  return {
    source: bytes,
    start: wireStart(bytes, offset),
    keyLength: keyLengthAt(bytes, offset),
    end: entryEnd(bytes, offset),
  }
}

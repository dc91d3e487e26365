/** A message in smaller frames is the same message. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeWireForm, joinFrames } from '../vhost/wire-form.ts'
import { encodeContentFrames, FRAME_OVERHEAD } from '../wire/frame.ts'
import { readU32 } from '../wire/integers.ts'
import { encodeProperties } from '../wire/properties.ts'
import { contentOf } from './content-frames.ts'
import { fitFrames } from './fit-frames.ts'

const frameMax = fc.integer({ min: 4_096, max: 20_000 })

/** A message as a publisher with this frame size sent it. */
function published(body: Buffer, publisherFrameMax: number) {
  const properties = { contentType: 'text/plain' }
  const frames = encodeContentFrames(1, encodeProperties(properties), body, publisherFrameMax)
  const bodyFrames = frames.subarray(readU32(frames, 3) + FRAME_OVERHEAD)
  return encodeWireForm({ exchange: 'x', routingKey: 'key', properties, bodyFrames })
}

function sizesOf(frames: Buffer): number[] {
  const sizes: number[] = []
  for (let at = 0; at < frames.length; at += sizes.at(-1)!) sizes.push(readU32(frames, at + 3) + FRAME_OVERHEAD)
  return sizes
}

test('no frame is too large, and no byte of the body is lost', () => {
  const body = fc.integer({ min: 0, max: 60_000 }).map(size => Buffer.alloc(size, 'body'))
  fc.assert(
    fc.property(body, frameMax, frameMax, (sent, from, to) => {
      const wire = published(sent, from)
      const fitted = fitFrames(wire.source, wire.keyLength, to)
      const contentAt = wire.keyLength + 2
      const sizes = sizesOf(fitted.subarray(contentAt))
      expect(Math.max(...sizes)).toBeLessThanOrEqual(to)
      expect(joinFrames(fitted.subarray(contentAt + sizes[0]!)).equals(sent)).toBe(true)
      expect(fitted.subarray(0, contentAt).equals(wire.source.subarray(0, contentAt))).toBe(true)

      const content = contentOf({ ...wire, start: 0, end: wire.source.length }, 7, to)
      expect([content.exchange, content.routingKey]).toEqual(['x', 'key'])
      expect(sizesOf(content.frames)).toEqual(sizes)
    }),
    { numRuns: 50 },
  )
})

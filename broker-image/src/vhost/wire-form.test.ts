/** Messages of the broker's own, read back as a publisher's. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fieldTable, shortText } from '../../test/arbitraries.ts'
import { contentOf } from '../session/content-frames.ts'
import { encodeContentFrames, FRAME_HEAD_BYTES, FRAME_OVERHEAD, HEADER_FLAGS_OFFSET } from '../wire/frame.ts'
import { readU32 } from '../wire/integers.ts'
import { decodeProperties, encodeProperties, type Properties } from '../wire/properties.ts'
import { encodeWireForm, withHeader } from './wire-form.ts'

test('keeps keys, properties and body', () => {
  const body = fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes))
  fc.assert(
    fc.property(shortText, shortText, fieldTable, body, (exchange, routingKey, headers, sent) => {
      const frames = encodeContentFrames(3, encodeProperties({}), sent, 64)
      const bodyFrames = frames.subarray(readU32(frames, 3) + FRAME_OVERHEAD)
      const wire = encodeWireForm({ exchange, routingKey, properties: { headers, deliveryMode: 2 }, bodyFrames })
      expect(wire.size).toBe(sent.length)
      const content = contentOf({ ...wire, start: 0, end: wire.source.length }, 1, 131_072)
      expect([content.exchange, content.routingKey]).toEqual([exchange, routingKey])
      const headerEnd = FRAME_HEAD_BYTES + readU32(content.frames, 3)
      const properties = decodeProperties(content.frames, FRAME_HEAD_BYTES + HEADER_FLAGS_OFFSET, headerEnd)
      expect(properties).toEqual({ headers, deliveryMode: 2 })
      const bodyAt = headerEnd + 1 + FRAME_HEAD_BYTES
      expect(content.frames.subarray(bodyAt, bodyAt + sent.length).equals(sent)).toBe(true)
    }),
  )
})

test('a header is set beside all others, and nothing else changes', () => {
  const body = fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes))
  const others = fc.option(fieldTable, { nil: undefined })
  fc.assert(
    fc.property(shortText, shortText, others, body, (exchange, routingKey, headers, sent) => {
      const frames = encodeContentFrames(3, encodeProperties({}), sent, 64)
      const bodyFrames = frames.subarray(readU32(frames, 3) + FRAME_OVERHEAD)
      const properties = { contentType: 'text/plain', ...(headers && { headers }), priority: 7 }
      const encode = (all: Properties) => encodeWireForm({ exchange, routingKey, properties: all, bodyFrames })
      const { source, keyLength } = encode(properties)
      const among = Buffer.concat([Buffer.alloc(5, 1), source, Buffer.alloc(5, 2)])
      const wire = withHeader({ source: among, start: 5, keyLength, end: 5 + source.length }, 'x', 'new')
      const expected = encode({ ...properties, headers: { ...headers, x: 'new' } })
      expect(wire).toEqual({ source: expected.source, start: 0, keyLength, end: expected.source.length })
    }),
  )
})

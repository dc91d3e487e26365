/** What is read in place from a content header, against the decoder of properties. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fieldTable, shortText } from '../../test/arbitraries.ts'
import { isAccepted } from '../../test/refusal.ts'
import { CLASS_BASIC, HEADER_FLAGS_OFFSET } from '../wire/frame.ts'
import { writeU16, writeU64 } from '../wire/integers.ts'
import { decodeProperties, encodeProperties, type Properties } from '../wire/properties.ts'
import { Content } from './content.ts'

const BODY_MAX = 1_000

function header(properties: Buffer, bodySize = 0, classId = CLASS_BASIC): Buffer {
  const payload = Buffer.alloc(HEADER_FLAGS_OFFSET + properties.length)
  writeU16(payload, 0, classId)
  writeU64(payload, 4, bodySize)
  properties.copy(payload, HEADER_FLAGS_OFFSET)
  return payload
}

function read(payload: Buffer): Content {
  const content = new Content(BODY_MAX)
  content.read(payload, 0, payload.length)
  return content
}

const properties: fc.Arbitrary<Properties> = fc.record(
  {
    contentType: shortText,
    contentEncoding: shortText,
    headers: fieldTable,
    deliveryMode: fc.constantFrom(1, 2),
    priority: fc.integer({ min: 0, max: 255 }),
    correlationId: shortText,
    replyTo: shortText,
    expiration: fc.nat().map(String),
    messageId: shortText,
    timestamp: fc.nat(),
    type: shortText,
    userId: shortText,
    appId: shortText,
    clusterId: shortText,
  },
  { requiredKeys: [] },
)

describe('content header', () => {
  test('is read as the decoder reads it', () => {
    fc.assert(
      fc.property(properties, fc.integer({ min: 0, max: BODY_MAX }), (wanted, bodySize) => {
        const payload = header(encodeProperties(wanted), bodySize)
        const content = read(payload)
        expect(content.bodySize).toBe(bodySize)
        expect(content.persistent).toBe(wanted.deliveryMode === 2)
        expect(content.headersAt >= 0).toBe(wanted.headers !== undefined)
        expect(content.expirationMs(payload)).toBe(Number(wanted.expiration ?? Number.POSITIVE_INFINITY))
        expect(content.userIdAt >= 0).toBe(wanted.userId !== undefined)
        if (wanted.userId !== undefined) content.checkUserId(payload, wanted.userId)
      }),
    )
  })

  test('is taken only when the decoder takes it', () => {
    const damage = fc.record({ at: fc.nat(), to: fc.integer({ min: 0, max: 255 }) })
    fc.assert(
      fc.property(properties, fc.array(damage, { maxLength: 3 }), fc.nat({ max: 2 }), (wanted, damages, cut) => {
        const bytes = encodeProperties(wanted)
        for (const { at, to } of damages) bytes[at % bytes.length] = to
        const payload = header(bytes.subarray(0, bytes.length - cut))
        const isGood = isAccepted(() => decodeProperties(payload, HEADER_FLAGS_OFFSET, payload.length))
        expect(isAccepted(() => read(payload))).toBe(isGood)
      }),
      { numRuns: 500 },
    )
  })

  test('forgets the message before', () => {
    const content = new Content(BODY_MAX)
    const full = header(encodeProperties({ headers: {}, deliveryMode: 2, expiration: '1', userId: 'u' }))
    const empty = header(encodeProperties({}))
    content.read(full, 0, full.length)
    content.read(empty, 0, empty.length)
    expect(content).toMatchObject({ persistent: false, headersAt: -1, expirationAt: -1, userIdAt: -1 })
  })

  test.each<[string, Buffer, number]>([
    ['of another class', header(Buffer.alloc(2), 0, 50), 505],
    ['that is too short', Buffer.alloc(13), 501],
    ['with a flag of no property', header(Buffer.from([0, 2])), 501],
    ['that announces more flags', header(Buffer.from([0, 1, 0, 0])), 501],
    ['of a body that is too large', header(Buffer.alloc(2), BODY_MAX + 1), 406],
  ])('%s is refused', (_claim, payload, code) => {
    expect(() => read(payload)).toThrow(expect.objectContaining({ code }))
  })
})

/** What the publisher sends is what the counters expect: each stream numbered from 0, the variants in rotation. */
import type { Socket } from 'node:net'
import { Writable } from 'node:stream'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Publisher, type Variant } from './publisher.ts'
import { publishBytes, read32 } from './wire.ts'

const BODY_BYTES = 16

/** A stream that takes everything, and what it took. */
function taking(): { socket: Socket; chunks: Buffer[] } {
  const chunks: Buffer[] = []
  const stream = new Writable({
    write(chunk, _, done) {
      chunks.push(Buffer.from(chunk))
      done()
    },
  })
  return { socket: stream as unknown as Socket, chunks }
}

/** Variants with keys of their own, so that their frames differ in length. */
function variantsOf(streams: readonly number[]): Variant[] {
  return streams.map((stream, i) => {
    const shape = { exchange: '', key: 'k'.repeat(1 + (i % 7)), bodyBytes: BODY_BYTES, persistent: false }
    return { shape, stream, lane: i }
  })
}

test('each stream is numbered in order, whatever the number of variants and the window', async () => {
  const streams = fc.array(fc.nat(3), { minLength: 1, maxLength: 40 })
  const window = fc.constantFrom(8, 64, 1024, 16_384)
  await fc.assert(
    fc.asyncProperty(streams, window, fc.integer({ min: 1, max: 600 }), async (ofVariants, size, limit) => {
      const { socket, chunks } = taking()
      const variants = variantsOf(ofVariants)
      const publisher = new Publisher(socket, variants, { room: () => size, limit, window: size })
      publisher.start()
      while (!publisher.finished) await new Promise(resolve => setImmediate(resolve))
      check(Buffer.concat(chunks), variants, limit)
    }),
    { numRuns: 25 },
  )
})

function check(sent: Buffer, variants: readonly Variant[], limit: number): void {
  const next = new Map<number, number>()
  let at = 0
  for (let i = 0; i < limit; i++) {
    const { shape, stream, lane } = variants[i % variants.length]!
    const { bytes, bodyAt } = publishBytes(shape)
    const due = next.get(stream) ?? 0
    const found = [read32(sent, at + bodyAt), read32(sent, at + bodyAt + 4)]
    if (found[0] !== due || found[1] !== lane) expect(found).toEqual([due, lane])
    next.set(stream, due + 1)
    at += bytes.length
  }
  expect(sent.length).toBe(at)
}

test('waits while the window has no room for a block', () => {
  const { socket, chunks } = taking()
  const publisher = new Publisher(socket, variantsOf([0]), { room: () => 0, limit: 100, window: 16 })
  publisher.start()
  expect([publisher.sent, chunks.length]).toEqual([0, 0])
})

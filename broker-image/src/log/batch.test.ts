/** What is taken for a batch in bytes that may be anything. */
import { expect, test } from 'vitest'
import { BATCH_HEADER_BYTES, isBrokenBatch, SEGMENT_HEADER_BYTES } from './batch.ts'

test('bytes behind the last batch that are no LSN at all are no batch of this log', () => {
  const image = Buffer.alloc(SEGMENT_HEADER_BYTES + BATCH_HEADER_BYTES)
  image.fill(0xff, SEGMENT_HEADER_BYTES)
  image.write('WBAT', SEGMENT_HEADER_BYTES, 'latin1')
  expect(isBrokenBatch(image, SEGMENT_HEADER_BYTES, 7)).toBe(false)
  image.writeBigUInt64BE(7n, SEGMENT_HEADER_BYTES + 16)
  expect(isBrokenBatch(image, SEGMENT_HEADER_BYTES, 7)).toBe(true)
})

/** The protocol header in pieces. */
import { expect, test } from 'vitest'
import { PROTOCOL_HEADER } from '../wire/frame.ts'
import { ProtocolHeader } from './protocol-header.ts'

test('is known wherever it is cut, and gives what follows it', () => {
  const stream = Buffer.concat([PROTOCOL_HEADER, Buffer.from('rest')])
  for (let cut = 0; cut <= stream.length; cut++) {
    const header = new ProtocolHeader()
    const first = header.take(stream.subarray(0, cut))
    if (cut < PROTOCOL_HEADER.length) {
      expect(first).toBe('incomplete')
      expect(header.take(stream.subarray(cut)).toString()).toBe('rest')
    } else expect(first.toString()).toBe('rest'.slice(0, cut - PROTOCOL_HEADER.length))
  }
})

test('another one is refused at its first wrong byte', () => {
  expect(new ProtocolHeader().take(Buffer.from('AMQX'))).toBe('wrong')
  expect(new ProtocolHeader().take(Buffer.from([0x41, 0x4d, 0x51, 0x50, 1, 1, 0, 9]))).toBe('wrong')
})

/** The reader believes no length. */

import { expect, test } from 'vitest'
import { ConnectionError } from './errors.ts'
import { Reader } from './reader.ts'

const VERBS = [
  'octet',
  'short',
  'long',
  'longlong',
  'bigUnsigned',
  'float',
  'double',
  'bit',
  'shortstr',
  'longstr',
] as const

function readerOf(...octets: number[]): Reader {
  return new Reader(Buffer.from(octets), 0, octets.length)
}

test('every verb raises a frame error at the end of the bytes', () => {
  for (const verb of VERBS) expect(() => readerOf()[verb](), verb).toThrow('FRAME_ERROR')
})

test('an end inside the buffer is an end, and one behind the buffer is not believed', () => {
  const buffer = Buffer.from([0, 0, 0, 1])
  expect(() => new Reader(buffer, 0, 3).long()).toThrow(ConnectionError)
  expect(() => new Reader(buffer, 2, 100).long()).toThrow(ConnectionError)
})

test('a string that is longer than the rest is a frame error', () => {
  expect(() => readerOf(3, 0x61, 0x62).shortstr()).toThrow('FRAME_ERROR')
  expect(() => readerOf(0xff, 0xff, 0xff, 0xff, 0x61).longstr()).toThrow('FRAME_ERROR')
  expect(() => readerOf(1, 2).part(3)).toThrow('FRAME_ERROR')
})

test('a short string that is not UTF-8 is a frame error, or is read byte by byte where RabbitMQ lets it pass', () => {
  expect(() => readerOf(2, 0xc3, 0x28).shortstr()).toThrow('FRAME_ERROR')
  expect(readerOf(3, 0xc3, 0x28, 0xff).shortstrLenient()).toBe('?(?')
  expect(readerOf(2, 0xc3, 0xa9).shortstrLenient()).toBe('é')
})

test('adjacent bits share an octet, and anything between them ends it', () => {
  const reader = readerOf(0b101, 7, 0b1)
  expect([reader.bit(), reader.bit(), reader.bit()]).toEqual([true, false, true])
  expect(reader.octet()).toBe(7)
  expect(reader.bit()).toBe(true)
  expect(reader.remaining).toBe(0)
})

test('the ninth bit opens a second octet', () => {
  const reader = readerOf(0xff, 0b0)
  expect(Array.from({ length: 9 }, () => reader.bit())).toEqual([...Array(8).fill(true), false])
})

test('a long string survives the reuse of the buffer that it came from', () => {
  const buffer = Buffer.from([0, 0, 0, 1, 0x61])
  const value = new Reader(buffer, 0, 5).longstr()
  buffer.fill(0)
  expect(value.toString()).toBe('a')
})

/** What gathers in a turn leaves in one piece, and a client that does not read holds only itself up. */
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { TestSocket } from '../../test/support/test-socket.ts'
import { OUTBOX_BYTES, UNSENT_BYTES_HIGH } from '../limits.ts'
import { Turn } from '../turn.ts'
import { Outbox, OutboxPool } from './outbox.ts'

const ended = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

function opened() {
  const socket = new TestSocket(1)
  const pieces: Buffer[] = []
  socket.onClientBytes = bytes => {
    if (bytes !== null) pieces.push(bytes)
  }
  const seen = { drains: 0 }
  const outbox = new Outbox(socket as unknown as Socket, new Turn(() => {}), new OutboxPool(), () => seen.drains++)
  return { socket, pieces, seen, outbox }
}

test('writes of one turn leave as one piece, in order', async () => {
  const { pieces, outbox } = opened()
  outbox.write(Buffer.from('one '))
  outbox.write(Buffer.from('two '))
  outbox.reserve(5)
  outbox.target.bytes.write('three', outbox.length)
  outbox.length += 5
  outbox.written()
  expect(pieces).toEqual([])
  await ended()
  expect(pieces.map(String)).toEqual(['one two three'])
  expect(outbox.sentBytes).toBe(13)
})

test('more than the buffer holds leaves in the order in which it came, whatever its size', async () => {
  const { pieces, outbox } = opened()
  const sizes = [10, OUTBOX_BYTES - 5, 1, OUTBOX_BYTES * 3, 7, OUTBOX_BYTES]
  const sent = sizes.map((size, at) => Buffer.alloc(size, at + 1))
  for (const bytes of sent) outbox.write(bytes)
  await ended()
  expect(Buffer.concat(pieces).equals(Buffer.concat(sent))).toBe(true)
})

test('is congested while the client does not read, and tells when it has', async () => {
  const { socket, pieces, seen, outbox } = opened()
  socket.isStalled = true
  outbox.write(Buffer.alloc(UNSENT_BYTES_HIGH))
  await ended()
  expect(outbox.congested).toBe(false)
  outbox.write(Buffer.alloc(1))
  await ended()
  expect(outbox.congested).toBe(true)
  socket.isStalled = false
  await ended()
  expect([outbox.congested, seen.drains]).toEqual([false, 1])
  expect(Buffer.concat(pieces)).toHaveLength(UNSENT_BYTES_HIGH + 1)
})

test('bytes in flight are not written over by what comes next', async () => {
  const { socket, pieces, outbox } = opened()
  socket.isStalled = true
  for (const letter of 'abcdef') {
    outbox.write(Buffer.alloc(100, letter))
    await ended()
  }
  socket.isStalled = false
  await ended()
  expect(Buffer.concat(pieces).toString()).toBe([...'abcdef'].map(letter => letter.repeat(100)).join(''))
})

test('nothing goes to a socket that is gone', async () => {
  const { socket, pieces, outbox } = opened()
  socket.destroy()
  outbox.write(Buffer.from('late'))
  await ended()
  expect(pieces).toEqual([])
})

/** What a close says of its cause. */
import { expect, test } from 'vitest'
import { methodId } from '../wire/codec.ts'
import { ChannelError, ConnectionError } from '../wire/errors.ts'
import { closeArgs } from './close-args.ts'

test('names code, text and the method at fault', () => {
  expect(closeArgs(new ChannelError('NOT_FOUND', 'no queue'), methodId('queue.purge'))).toEqual({
    replyCode: 404,
    replyText: 'NOT_FOUND - no queue',
    classId: 50,
    methodId: 30,
  })
})

test('names no method where none is at fault, and cuts a text that is too long', () => {
  const args = closeArgs(new ConnectionError('FRAME_ERROR', 'x'.repeat(300)), 0)
  expect(args).toMatchObject({ replyCode: 501, classId: 0, methodId: 0 })
  expect(Buffer.byteLength(args.replyText)).toBe(255)
})

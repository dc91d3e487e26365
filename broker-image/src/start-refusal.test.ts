/** What a user reads when the broker does not start. */
import { expect, test } from 'vitest'
import { ConfigError } from './config/config-error.ts'
import { FolderInUseError } from './folder-lock.ts'
import { LogCorruptError, LogVersionError, openIn } from './log/errors.ts'
import { startRefusal } from './start-refusal.ts'

const system = (fields: object): Error => Object.assign(new Error('EX: why'), fields)

test.each([
  ['a bad setting', new ConfigError('a.conf:3: unknown key'), 'a.conf:3: unknown key'],
  [
    'a folder in use',
    new FolderInUseError('/data'),
    'another broker uses the data folder /data: stop it, or choose another one with --data-dir',
  ],
  [
    'a port in use',
    system({ code: 'EADDRINUSE', port: 5672, address: '::' }),
    'port 5672 is in use: choose another one',
  ],
  [
    'an address of another machine',
    system({ code: 'EADDRNOTAVAIL', port: 5672, address: '10.9.9.9' }),
    'cannot listen on 10.9.9.9, port 5672: EADDRNOTAVAIL',
  ],
  [
    'a host without an address',
    system({ code: 'ENOTFOUND', hostname: 'nowhere' }),
    'cannot listen on nowhere: ENOTFOUND, there is no such host',
  ],
  ['a folder without rights', system({ code: 'EACCES', path: '/data/meta' }), 'cannot use /data/meta: EX: why'],
  ['a lock file without rights', system({ errcode: 14 }), 'cannot lock the data folder: EX: why; is it writable?'],
])('%s is told in one line', (_what, error, text) => {
  expect(startRefusal(error)).toBe(text)
})

test.each([
  [new LogCorruptError('checkpoint', 12, 'the checksum is wrong'), 'queues/checkpoint, byte 12: the checksum is wrong'],
  [
    new LogVersionError('checkpoint', { offset: 8, version: 9, read: [1, 2] }),
    'queues/checkpoint, byte 8: log format 9, and this Warren reads 1 and 2: start the Warren that wrote it, or a newer one',
  ],
])('a damaged file is named with its folder and its offset: %s', (error, text) => {
  const open = (): never => {
    throw error
  }
  const refused = (): string => {
    try {
      return openIn('queues', open)
    } catch (thrown) {
      return startRefusal(thrown)
    }
  }
  expect(refused()).toContain(text)
  expect(refused()).not.toContain('\n')
})

test('a bug of ours shows where it came from', () => {
  expect(startRefusal(new Error('oops'))).toContain('start-refusal.test.ts')
})

/** What is said of certificate files that change: whatever is wrong with them, once. How they are used: `renewal.test.ts`. */
import { beforeAll, expect, test } from 'vitest'
import { type Identity, makeIdentity } from '../../test/support/certificates.ts'
import { ManualClock } from '../../test/support/manual-clock.ts'
import { defaultTls } from '../config/tls-settings.ts'
import { CERTIFICATE_POLL_MS } from '../limits.ts'
import { Certificates } from './certificates.ts'
import { negotiationOf } from './tls-server.ts'

let identity: Identity
beforeAll(async () => {
  identity = await makeIdentity({ name: 'CN=broker' })
})

test('what can not be read, or does not work, is spoken of once until it changes', () => {
  const clock = new ManualClock()
  const said: string[] = []
  const files = new Map([
    ['cert', identity.certPem],
    ['key', identity.keyPem],
  ])
  const settings = { ...defaultTls(), certFile: 'cert', keyFile: 'key' }
  const certificates = new Certificates({
    settings,
    negotiation: negotiationOf(settings),
    clock,
    log: { info: () => said.push('works'), error: () => said.push('fails') },
    readFile: path => {
      const text = files.get(path)
      if (text === undefined) throw new Error('ENOENT')
      return text
    },
  })
  certificates.watch()
  const lookTwiceAt = (key: string | undefined): string[] => {
    if (key === undefined) files.delete('key')
    else files.set('key', key)
    said.length = 0
    for (let looks = 0; looks < 2; looks++) clock.advance(CERTIFICATE_POLL_MS)
    return [...said]
  }
  expect(lookTwiceAt(undefined)).toEqual(['fails'])
  expect(lookTwiceAt(identity.keyPem)).toEqual([])
  expect(lookTwiceAt(undefined)).toEqual(['fails'])
  expect(lookTwiceAt('nonsense')).toEqual(['fails'])
  expect(lookTwiceAt(identity.keyPem)).toEqual(['works'])
  certificates.stop()
  expect(lookTwiceAt(undefined)).toEqual([])
})

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

/** Certificates out of files that a test may change, and what is said of them. */
function open(files: Map<string, string>, clock: ManualClock, caFile = '') {
  const said: string[] = []
  const settings = { ...defaultTls(), certFile: 'cert', keyFile: 'key', caFile }
  const certificates = new Certificates({
    settings,
    prefix: 'ssl_options',
    negotiation: negotiationOf(settings),
    clock,
    log: { info: () => said.push('works'), warn: () => said.push('does not hold'), error: () => said.push('fails') },
    readFile: path => {
      const text = files.get(path)
      if (text === undefined) throw new Error('ENOENT')
      return text
    },
  })
  return { certificates, said }
}

function filesOf({ certPem, keyPem }: Identity): Map<string, string> {
  return new Map([
    ['cert', certPem],
    ['key', keyPem],
  ])
}

test('what can not be read, or does not work, is spoken of once until it changes', () => {
  const clock = new ManualClock(Date.now())
  const files = filesOf(identity)
  const { certificates, said } = open(files, clock)
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

test('a renewal that does not hold yet waits for its time, one that holds no more is not taken', async () => {
  const clock = new ManualClock(Date.now())
  const files = filesOf(identity)
  const { certificates, said } = open(files, clock)
  certificates.watch()
  const validToMs = certificates.validToMs
  const polls = (count: number): number => (count * CERTIFICATE_POLL_MS) / 86_400_000
  for (const validity of [{ validForDays: -1 }, { validForDays: 30, validFromDays: polls(8) }]) {
    for (const [name, text] of filesOf(await makeIdentity({ name: 'CN=broker', ...validity }))) files.set(name, text)
    for (let looks = 0; looks < 2; looks++) clock.advance(CERTIFICATE_POLL_MS)
    expect(said.splice(0)).toEqual(['fails'])
    expect(certificates.validToMs).toBe(validToMs)
  }
  for (let looks = 0; looks < 8; looks++) clock.advance(CERTIFICATE_POLL_MS)
  expect(said).toEqual(['works'])
  expect(certificates.validToMs).toBeGreaterThan(validToMs)
  certificates.stop()
})

test.each([{ validForDays: -1 }, { validForDays: 30, validFromDays: 20 }])(
  'a start with a certificate that does not hold now is a start with a warning: %j',
  async validity => {
    const untimely = await makeIdentity({ name: 'CN=broker', ...validity })
    const { said } = open(filesOf(untimely), new ManualClock(Date.now()))
    expect(said).toEqual(['does not hold'])
  },
)

test.each([
  ['', 'there is no certificate in it'],
  ['nonsense', 'there is no certificate in it'],
  ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', 'certificate 1 in it is none'],
])('a file of authorities that holds %j stops the start and names its key', (text, problem) => {
  const files = filesOf(identity).set('ca', text)
  expect(() => open(files, new ManualClock(Date.now()), 'ca')).toThrow(`ssl_options.cacertfile = ca: ${problem}`)
})

/** Names of certificates, as RabbitMQ reads them. */
import { X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import { type IdentityOptions, makeIdentity } from '../../test/support/certificates.ts'
import type { Settings } from '../config/settings.ts'
import { peerFacts } from './peer-certificate.ts'

async function factsOf(options: IdentityOptions, certLogin: Partial<Settings['certLogin']> = {}) {
  const { certPem } = await makeIdentity(options)
  const login = { from: 'distinguished_name', sanType: 'dns', sanIndex: 0, ...certLogin } as const
  return peerFacts(new X509Certificate(certPem), login)
}

test.each([
  ['C=DE, O=Example, CN=joe', 'CN=joe,O=Example,C=DE'],
  ['CN=a\\,b', 'CN=a\\,b'],
  ['CN=Jürgen', 'CN=J\\C3\\BCrgen'],
  ['DC=org, DC=example, CN=x+OU=y', 'CN=x+OU=y,DC=example,DC=org'],
  ['G=Joe, E=joe@example.org', 'EMAILADDRESS=joe@example.org,GIVENNAME=Joe'],
])('%s is named %s', async (name, expected) => {
  const { subject, issuer, loginName } = await factsOf({ name })
  expect([subject, issuer, loginName]).toEqual([expected, expected, expected])
})

test('the validity has both ends, to the second', async () => {
  expect((await factsOf({ name: 'CN=joe' })).validity).toMatch(
    /^\d{4}-\d\d-\d\dT[\d:]{8}Z - \d{4}-\d\d-\d\dT[\d:]{8}Z$/,
  )
})

test('the common name is a name to log in with, and several are one', async () => {
  const from = 'common_name'
  expect((await factsOf({ name: 'O=Example, CN=Jürgen' }, { from })).loginName).toBe('Jürgen')
  expect((await factsOf({ name: 'CN=a, CN=b' }, { from })).loginName).toBe('a,b')
  expect((await factsOf({ name: 'O=Example' }, { from })).loginName).toBeUndefined()
})

const alternativeNames = [
  { type: 'dns', value: 'one.example' },
  { type: 'email', value: 'joe@example.org' },
  { type: 'dns', value: 'two.example' },
  { type: 'ip', value: '10.0.0.1' },
  { type: 'url', value: 'spiffe://example/joe, DNS:evil' },
] as const

test.each([
  [{ sanType: 'dns', sanIndex: 0 }, 'one.example'],
  [{ sanType: 'dns', sanIndex: 1 }, 'two.example'],
  [{ sanType: 'dns', sanIndex: 2 }, undefined],
  [{ sanType: 'email' }, 'joe@example.org'],
  [{ sanType: 'ip' }, '10.0.0.1'],
  [{ sanType: 'uri' }, 'spiffe://example/joe, DNS:evil'],
] as const)('alternative names: %j is %s', async (login, expected) => {
  const options = { name: 'CN=joe', alternativeNames: [...alternativeNames] }
  expect((await factsOf(options, { from: 'subject_alternative_name', ...login })).loginName).toBe(expected)
})

/** Patterns of users in the running program. */
import { afterEach, expect, test } from 'vitest'
import { type BrokerProcess, startBroker, temporaryFolder } from './broker-process.ts'

let broker: BrokerProcess | undefined
const folder = temporaryFolder()
afterEach(async () => {
  await broker?.kill()
  folder.remove()
})

test('a pattern with ways without end holds up nobody', async () => {
  broker = await startBroker(folder.path)
  const headers = { authorization: `Basic ${btoa('guest:guest')}` }
  const url = `${broker.managementUrl}/api/queues`
  await fetch(`${url}/%2F/${'a'.repeat(100)}`, { method: 'PUT', headers, body: '{}' })
  const pattern = encodeURIComponent('^(a*)*b')
  const answer = await fetch(`${url}?use_regex=true&name=${pattern}`, { headers })
  expect(await answer.json()).toEqual([])
})

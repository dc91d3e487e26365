/** The client tells a refusal from an absence, and says why in words. */

import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { BrokerApi, BrokerRefusal, BrokerUnreachable } from './broker-api.ts'

let close: () => void = () => undefined

afterEach(() => close())

async function apiTo(answer: RequestListener): Promise<BrokerApi> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  close = () => {
    server.closeAllConnections()
    server.close()
  }
  const { port } = server.address() as AddressInfo
  return new BrokerApi({ url: `http://127.0.0.1:${port}`, username: 'ann', password: 'pä:ss' })
}

test('names are encoded, the login is Basic in UTF-8, and only the needed columns are asked for', async () => {
  const seen: string[] = []
  const api = await apiTo((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers.authorization}`)
    response.end('[]')
  })
  const login = `Basic ${Buffer.from('ann:pä:ss').toString('base64')}`
  expect(await api.queues()).toEqual([])
  await api.write({ method: 'DELETE', path: ['queues', '/', 'a/b c'], query: 'if-empty=true' })
  expect(seen[0]).toMatch(/^GET \/api\/queues\?columns=name,vhost,/)
  expect(seen[1]).toBe(`DELETE /api/queues/%2F/a%2Fb%20c?if-empty=true ${login}`)
})

test.each([
  [400, '{"error":"bad_request","reason":"no policy provided"}', BrokerRefusal, 'no policy provided'],
  [404, '{"error":"Object Not Found"}', BrokerRefusal, 'Object Not Found'],
  [401, 'plain words', BrokerRefusal, 'plain words'],
  [503, 'starting', BrokerUnreachable, '503 starting'],
  [200, 'no JSON', BrokerUnreachable, 'GET /api/overview: '],
])('an answer of %i %j is told apart', async (status, body, kind, message) => {
  const api = await apiTo((_, response) => response.writeHead(status).end(body))
  const error = await api.overview().catch(caught => caught)
  expect(error).toBeInstanceOf(kind)
  expect(error.message).toContain(message)
})

test('a broker that is not there is unreachable, with the reason', async () => {
  const api = await apiTo(() => undefined)
  close()
  const error = await api.definitions().catch(caught => caught)
  expect(error).toBeInstanceOf(BrokerUnreachable)
  expect(error.message).toMatch(/GET \/api\/definitions: .+/)
})

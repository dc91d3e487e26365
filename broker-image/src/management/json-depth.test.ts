/** JSON from outside that is nested very deeply is refused, wherever it comes in. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startWorld, type World } from '../../test/management/world.ts'
import { BrokerWorld } from '../../test/support/broker-world.ts'
import { JSON_DEPTH_MAX, TABLE_DEPTH_MAX } from '../limits.ts'
import { loadDefinitions } from './load-definitions.ts'

const FAR_TOO_DEEP = 200_000

let world: World

beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())
afterEach(() => expect(world.errors).toEqual([]))

const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`

test.each([
  ['PUT', '/api/global-parameters/deep', (levels: number) => `{"value": ${nested(levels)}}`],
  ['PUT', '/api/policies/%2F/deep', (levels: number) => `{"pattern": "", "definition": {"x": ${nested(levels)}}}`],
  ['PUT', '/api/queues/%2F/deep', (levels: number) => `{"arguments": {"x": ${nested(levels)}}}`],
  ['PUT', '/api/vhosts/deep', (levels: number) => `{"metadata": ${nested(levels)}}`],
  ['POST', '/api/definitions', nested],
  [
    'POST',
    '/api/definitions',
    (levels: number) => `{"global_parameters": [{"name": "n", "value": ${nested(levels)}}]}`,
  ],
])('%s %s', async (method, path, body) => {
  for (const levels of [JSON_DEPTH_MAX + 1, FAR_TOO_DEEP]) {
    const { status, body: answer } = await world.request(method, path, body(levels))
    expect([status, answer.reason]).toEqual([400, `JSON is nested more than ${JSON_DEPTH_MAX} deep`])
  }
})

test('a global parameter as deep as it may be is told, in the definitions too, and can be taken in again', async () => {
  const path = '/api/global-parameters/deep'
  const put = (levels: number) => world.request('PUT', path, `{"value": ${nested(levels)}}`)
  expect(await put(TABLE_DEPTH_MAX + 1)).toMatchObject({
    status: 400,
    body: { reason: `value is nested more than ${TABLE_DEPTH_MAX} deep` },
  })
  expect((await put(TABLE_DEPTH_MAX)).status).toBe(201)
  const { body } = await world.request('GET', '/api/definitions')
  expect(body.global_parameters).toContainEqual({ name: 'deep', value: JSON.parse(nested(TABLE_DEPTH_MAX)) })
  expect((await world.request('POST', '/api/definitions', body)).status).toBe(204)
})

test('a file of definitions', () => {
  const { broker } = new BrokerWorld({ conf: 'load_definitions = defs.json' })
  expect(() => loadDefinitions(broker, path => [{ path, text: nested(FAR_TOO_DEEP) }])).toThrow(
    'load_definitions = defs.json: JSON is nested',
  )
})

/** Definitions out of a file, at the start. */
import { expect, test } from 'vitest'
import { BrokerWorld, type WorldOptions } from '../../test/support/broker-world.ts'
import { ConfigError } from '../config/config-error.ts'
import { loadDefinitions } from './load-definitions.ts'

const FILE = {
  vhosts: [{ name: 'shop' }],
  users: [{ name: 'ann', password: 'ann', tags: 'management' }],
  permissions: [{ user: 'ann', vhost: 'shop', configure: '', write: '.*', read: '.*' }],
  queues: [{ name: 'orders', vhost: 'shop', durable: true, auto_delete: false, arguments: {} }],
}

const one = (text: string) => (path: string) => [{ path, text }]

test('what the file names is there after the start, and a second start changes nothing', () => {
  const { broker } = new BrokerWorld({ conf: 'load_definitions = defs.json' })
  loadDefinitions(broker, one(JSON.stringify(FILE)))
  const queue = broker.vhosts.get('shop')?.queues.get('orders')
  expect(queue).toBeDefined()
  expect(broker.definitions.get('user', ['ann'])?.tags).toEqual(['management'])
  loadDefinitions(broker, one(JSON.stringify(FILE)))
  expect(broker.vhosts.get('shop')?.queues.get('orders')).toBe(queue)
})

test.each([
  ['no JSON', 'load_definitions = defs.json: '],
  ['[]', 'load_definitions = defs.json: the body should be an object'],
  [JSON.stringify({ ...FILE, vhosts: [] }), "load_definitions = defs.json: permissions: no virtual host 'shop'"],
])('a bad file stops the start and leaves nothing behind: %s', (text, message) => {
  const { broker } = new BrokerWorld({ conf: 'load_definitions = defs.json' })
  const load = () => loadDefinitions(broker, one(text))
  expect(load).toThrow(ConfigError)
  expect(load).toThrow(message)
  expect(broker.definitions.get('user', ['ann'])).toBeUndefined()
})

test('without the key no file is read', () => {
  const { broker } = new BrokerWorld()
  expect(() => loadDefinitions(broker, one('unread'))).not.toThrow()
})

test('an empty node is not given the default user and virtual host when it has definitions to load', () => {
  const { broker } = new BrokerWorld({ conf: 'load_definitions = defs.json' })
  loadDefinitions(broker, one(JSON.stringify(FILE)))
  expect([...broker.vhosts.keys()]).toEqual(['shop'])
  expect(broker.definitions.list('user').map(({ name }) => name)).toEqual(['ann'])
})

test('a node that has its default user already keeps it', async () => {
  const options: WorldOptions = {}
  const world = new BrokerWorld(options)
  await world.settle()
  options.conf = 'load_definitions = defs.json'
  world.restart()
  loadDefinitions(world.broker, one(JSON.stringify(FILE)))
  expect(world.broker.definitions.list('user').map(({ name }) => name)).toEqual(['guest', 'ann'])
})

test('the files of a folder are taken in by name, each with what those before it brought', () => {
  const { vhosts, users, permissions, queues } = FILE
  const { broker } = new BrokerWorld({ conf: 'load_definitions = defs' })
  const texts = [
    { vhosts, users },
    { permissions, queues },
  ].map(part => JSON.stringify(part))
  loadDefinitions(broker, () => texts.map((text, at) => ({ path: `defs/${at}.json`, text })))
  expect(broker.vhosts.get('shop')?.queues.has('orders')).toBe(true)
  const bad = () => [{ path: 'defs/9.json', text: '[]' }]
  expect(() => loadDefinitions(broker, bad)).toThrow('load_definitions = defs/9.json: the body should be an object')
})

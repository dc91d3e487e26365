/** Definitions files in, definitions files out. */
import { describe, expect, test } from 'vitest'
import { Definitions } from './definitions.ts'
import { exportDefinitions, exportVhost } from './export.ts'
import { type ImportedDefinitions, parseDefinitions } from './import.ts'
import { plainArguments } from './json-values.ts'

const PRODUCT = { name: 'RabbitMQ', version: '3.13.7' }

const FILE = {
  vhosts: [{ name: '/', description: 'main', tags: ['a'], default_queue_type: 'classic' }],
  users: [
    { name: 'bob', password_hash: 'AAAA', hashing_algorithm: 'rabbit_password_hashing_sha512', tags: 'monitoring, x' },
    { name: 'eve', password: 'pw', tags: ['administrator'], limits: { 'max-connections': 1 } },
  ],
  permissions: [{ user: 'bob', vhost: '/', configure: '', write: '.*', read: '.*' }],
  topic_permissions: [{ user: 'bob', vhost: '/', exchange: 'amq.topic', write: '^a', read: '' }],
  parameters: [
    { vhost: '/', component: 'c', name: 'p', value: { a: [1] } },
    {
      vhost: '/',
      component: 'operator_policy',
      name: 'op',
      value: { pattern: '', 'apply-to': 'queues', priority: 1, definition: { 'max-length': 5 } },
    },
  ],
  global_parameters: [{ name: 'cluster_name', value: 'x' }],
  policies: [{ vhost: '/', name: 'p', pattern: '^q', definition: { 'message-ttl': 5 } }],
  exchanges: [{ vhost: '/', name: 'e', type: 'topic', durable: true, auto_delete: false, arguments: {} }],
  queues: [
    { vhost: '/', name: 'q', durable: true, auto_delete: false, arguments: { 'x-max-length': 1, n: { m: [] } } },
  ],
  bindings: [
    { vhost: '/', source: 'e', destination: 'q', destination_type: 'queue', routing_key: 'a.#', arguments: {} },
  ],
}

function empty(): Definitions {
  return new Definitions({ append: () => undefined, whenStable: done => done() })
}

function put(definitions: Definitions, imported: ImportedDefinitions): void {
  const durable = { durable: true }
  for (const value of imported.vhosts) definitions.put('vhost', value, durable)
  for (const value of imported.users) definitions.put('user', value, durable)
  for (const value of imported.permissions) definitions.put('permission', value, durable)
  for (const value of imported.topicPermissions) definitions.put('topicPermission', value, durable)
  for (const value of imported.parameters) definitions.put('parameter', value, durable)
  for (const value of imported.policies) definitions.put('policy', value, durable)
  for (const value of imported.operatorPolicies) definitions.put('operatorPolicy', value, durable)
  for (const value of imported.exchanges) definitions.put('exchange', value, durable)
  for (const value of imported.queues) definitions.put('queue', { ...value, id: 1 }, durable)
  for (const value of imported.bindings) definitions.put('binding', value, durable)
}

function fromFile(): Definitions {
  const definitions = empty()
  put(definitions, parseDefinitions(FILE, definitions))
  return definitions
}

test('what is exported and imported elsewhere exports the same', () => {
  const exported = exportDefinitions(fromFile(), PRODUCT)
  const other = empty()
  put(other, parseDefinitions(JSON.parse(JSON.stringify(exported)), other))
  expect(exportDefinitions(other, PRODUCT)).toEqual(exported)
  expect(exported.parameters).toEqual(FILE.parameters)
  expect(exported.global_parameters).toEqual(FILE.global_parameters)
  expect(exported.queues).toEqual(FILE.queues)
  expect(exported.bindings).toEqual(FILE.bindings)
})

test('an import over what is there already changes nothing', () => {
  const definitions = fromFile()
  const before = exportDefinitions(definitions, PRODUCT)
  put(definitions, parseDefinitions(JSON.parse(JSON.stringify(before)), definitions))
  expect(exportDefinitions(definitions, PRODUCT)).toEqual(before)
})

test('exclusive queues, their bindings and the exchanges that are always there are not exported', () => {
  const definitions = fromFile()
  const queue = { vhost: '/', durable: false, autoDelete: false, arguments: {}, id: 9 }
  definitions.put('queue', { ...queue, name: 'mine', exclusive: true }, { durable: false })
  const exchange = { vhost: '/', type: 'topic', durable: true, autoDelete: false, internal: false, arguments: {} }
  definitions.put('exchange', { ...exchange, name: 'amq.topic' }, { durable: true })
  const binding = { vhost: '/', source: 'e', destinationType: 'queue' as const, routingKey: '', arguments: {} }
  definitions.put('binding', { ...binding, destination: 'mine' }, { durable: false })
  expect(exportDefinitions(definitions, PRODUCT)).toMatchObject({ queues: [{ name: 'q' }], exchanges: [{ name: 'e' }] })
  expect(exportDefinitions(definitions, PRODUCT).bindings).toHaveLength(1)
})

test('a virtual host exports without its name, and imports under another', () => {
  const exported = exportVhost(fromFile(), '/', PRODUCT)
  expect(exported.queues).toEqual([{ ...FILE.queues[0], vhost: undefined }])
  expect(exported).not.toHaveProperty('users')
  const other = fromFile()
  other.put(
    'vhost',
    { name: 'two', description: '', tags: [], defaultQueueType: 'classic', tracing: false },
    { durable: true },
  )
  const imported = parseDefinitions(JSON.parse(JSON.stringify(exported)), other, 'two')
  expect(imported.queues[0]?.vhost).toBe('two')
})

describe('a file is refused as a whole', () => {
  test.each<[unknown, string]>([
    [[], 'the body should be an object'],
    [{ queues: {} }, 'queues should be a list'],
    [{ queues: [1] }, 'queues[0]: it should be an object'],
    [{ queues: [{ vhost: '/' }] }, 'queues[0]: name is missing'],
    [{ queues: [{ vhost: 'none', name: 'q' }] }, "queues: no virtual host 'none'"],
    [{ queues: [{ vhost: '/', name: 'é'.repeat(128) }] }, 'queues[0]: name is longer than 255 bytes'],
    [{ queues: [{ vhost: '/', name: 'q', durable: 'maybe' }] }, 'queues[0]: durable should be true or false'],
    [{ queues: [{ vhost: '/', name: 'q', arguments: [] }] }, 'queues[0]: arguments should be an object'],
    [{ exchanges: [{ vhost: '/', name: 'x', type: 1 }] }, 'exchanges[0]: type should be a string'],
    [{ bindings: [{ ...FILE.bindings[0], source: 'zz' }] }, "bindings: no exchange 'zz'"],
    [{ bindings: [{ ...FILE.bindings[0], destination: 'zz' }] }, "bindings: no queue 'zz'"],
    [{ bindings: [{ ...FILE.bindings[0], source: '' }] }, 'bindings: the default exchange takes none'],
    [{ bindings: [{ ...FILE.bindings[0], destination_type: 'x' }] }, 'destination_type should be queue or exchange'],
    [{ users: [{ name: 'x', password: 'a', password_hash: 'b' }] }, 'should not both be there'],
    [{ users: [{ name: 'x', password_hash: '?' }] }, 'users[0]: password_hash should be base64'],
    [{ users: [{ name: 'x', password: 'a', hashing_algorithm: 'rot13' }] }, 'hashing_algorithm rot13 is not known'],
    [{ users: [{ name: '', password: 'a' }] }, 'name of a user should not be empty'],
    [{ users: [{ name: 'x', tags: 1 }] }, 'tags should be a list of strings'],
    [{ permissions: [{ ...FILE.permissions[0], user: 'no' }] }, "permissions: no user 'no'"],
    [{ permissions: [{ ...FILE.permissions[0], read: '(' }] }, 'read should be a regular expression, got ('],
    [
      { policies: [{ vhost: '/', name: 'p', pattern: '', definition: {} }] },
      'Validation failed\n\nno policy provided\n',
    ],
    [{ global_parameters: [{ name: 'x' }] }, 'global_parameters[0]: value is missing'],
  ])('%j: %s', (file, message) => {
    expect(() => parseDefinitions(file, fromFile())).toThrow(message)
  })
})

test('tagged arguments are shown plainly, and a key that looks like a tag survives', () => {
  expect(
    plainArguments({
      time: { '!': 'timestamp', value: 5 },
      big: { '!': 'int64', value: '9007199254740993' },
      whole: { '!': 'double', value: 2 },
      money: { '!': 'decimal', scale: 2, value: 123 },
      bytes: { '!': 'bytes', base64: 'AQI=' },
      raw: { '!': 'longstr', base64: '/w==' },
      list: [{ a: null }],
      odd: { '!': 'table', value: { '!': 'x' } },
    }),
  ).toEqual({
    time: 5,
    big: 9007199254740992,
    whole: 2,
    money: 1.23,
    bytes: 'AQI=',
    raw: 'ÿ',
    list: [{ a: null }],
    odd: { '!': 'x' },
  })
  const queues = [{ vhost: '/', name: 'odd', arguments: { odd: { '!': 'x' } } }]
  const imported = parseDefinitions({ queues }, fromFile())
  expect(imported.queues[0]?.arguments).toEqual({ odd: { '!': 'table', value: { '!': 'x' } } })
})

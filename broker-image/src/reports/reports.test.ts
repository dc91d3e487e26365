/** What the broker publishes of itself is bounded, comes in order, and never touches what it tells of. */
import { expect, test } from 'vitest'
import { BrokerWorld } from '../../test/support/broker-world.ts'
import { methodArguments, type Values } from '../../test/support/script.ts'
import type { HeardContent, Message, TestClient } from '../../test/support/test-client.ts'
import { FRAME_BYTES_MAX, REPORT_BYTES_MAX, TABLE_DEPTH_MAX } from '../limits.ts'
import type { FieldTable, FieldValue } from '../wire/field-table.ts'
import type { MethodArgs, MethodName } from '../wire/methods.ts'
import { LogTap } from './log-tap.ts'

interface Told extends HeardContent {
  readonly key: string
}

function say<N extends MethodName>(client: TestClient, name: N, given: Values): void {
  client.send(1, name, methodArguments(name, given) as MethodArgs<N>)
}

/** A client that consumes all of an exchange. */
async function listener(world: BrokerWorld, exchange: string): Promise<TestClient> {
  const client = await world.client()
  say(client, 'queue.declare', { queue: 'told' })
  say(client, 'queue.bind', { queue: 'told', exchange, routingKey: '#' })
  say(client, 'basic.consume', { queue: 'told', consumerTag: 't', noAck: true })
  await world.settle()
  client.take()
  return client
}

async function told(world: BrokerWorld, client: TestClient): Promise<Told[]> {
  await world.settle()
  return client.take().flatMap(heard => {
    if (heard.kind !== 'method' || heard.method.name !== 'basic.deliver') return []
    return [{ ...heard.content!, key: heard.method.args.routingKey }]
  })
}

/** What the firehose tells of one message. */
async function traced(message: Message): Promise<Told> {
  const world = new BrokerWorld()
  const vhost = world.broker.definitions.get('vhost', ['/'])!
  world.broker.createVhost({ ...vhost, tracing: true })
  const client = await listener(world, 'amq.rabbitmq.trace')
  const { exchange = '' } = message
  if (exchange !== '') say(client, 'exchange.declare', { exchange, type: 'fanout' })
  client.publish(1, message)
  const [first, ...others] = await told(world, client)
  expect(others).toEqual([])
  return first!
}

function nested(depth: number): FieldTable {
  let value: FieldTable = {}
  for (let level = 1; level < depth; level++) value = { inner: value }
  return value
}

const propertiesIn = (told: Told): FieldTable => told.properties.headers!['properties'] as FieldTable

test('headers as deep as they may be are traced with the message, those that are too deep to be nested are left out', async () => {
  const fits = nested(TABLE_DEPTH_MAX - 2)
  expect(propertiesIn(await traced({ properties: { headers: fits } }))).toEqual({ headers: fits })
  expect(propertiesIn(await traced({ properties: { headers: nested(TABLE_DEPTH_MAX - 1), appId: 'a' } }))).toEqual({
    app_id: 'a',
  })
})

test('headers that fill a frame are left out, and the body is not', async () => {
  const { properties, body } = await traced({ properties: { headers: { h: 'x'.repeat(100_000) } }, body: 'whole' })
  expect(properties.headers!['properties']).toEqual({})
  expect(body.toString()).toBe('whole')
})

test('a key that would be too long ends where it must, between two letters', async () => {
  const { key } = await traced({ exchange: `${'é'.repeat(127)}` })
  expect(key).toBe(`publish.${'é'.repeat(123)}`)
})

test('each property is traced by its name', async () => {
  const properties = { contentType: 'c', deliveryMode: 2, messageId: 'm', timestamp: 5_000_000_000, expiration: '99' }
  expect(propertiesIn(await traced({ properties }))).toEqual({
    content_type: 'c',
    delivery_mode: 2,
    message_id: 'm',
    timestamp: 5_000_000_000,
    expiration: '99',
  })
})

test('lines of the log go to their exchange, by severity, once somebody listens', async () => {
  const world = new BrokerWorld({ conf: 'log.exchange = true' })
  const tap = new LogTap()
  tap.write('{"level":"info","msg":"before the broker"}\n')
  tap.listener = world.broker.reports
  tap.write('{"level":"info","msg":"nothing is bound"}\n')
  const client = await listener(world, 'amq.rabbitmq.log')
  for (const level of ['debug', 'info', 'warn', 'error', 'fatal']) tap.write(`{"level":"${level}"}\n`)
  const lines = await told(world, client)
  expect(lines.map(({ key }) => key)).toEqual(['debug', 'info', 'warning', 'error', 'critical'])
  expect(lines[0]!.body.toString()).toBe('{"level":"debug"}')
  expect(lines[0]!.properties).toEqual({
    contentType: 'application/json',
    headers: { node: 'warren@test' },
    timestamp: Math.floor(world.clock.now() / 1000),
  })
})

test('what is said in one turn is bounded, and the next turn has room again', async () => {
  const world = new BrokerWorld({ conf: 'log.exchange = true' })
  const client = await listener(world, 'amq.rabbitmq.log')
  const line = 'x'.repeat(REPORT_BYTES_MAX / 4)
  for (let count = 0; count < 6; count++) world.broker.reports.logged('info', line)
  expect(await told(world, client)).toHaveLength(3)
  world.broker.reports.logged('info', line)
  expect(await told(world, client)).toHaveLength(1)
})

test('a change is told in the name of whoever acts', async () => {
  const world = new BrokerWorld()
  const client = await listener(world, 'amq.rabbitmq.event')
  const { broker } = world
  const policy = { vhost: '/', name: 'p', pattern: '.*', applyTo: 'queues', priority: 0, definition: {} } as const
  broker.reports.actor = { user: 'mia', name: '' }
  broker.definitions.put('policy', policy, { durable: true })
  const [event] = await told(world, client)
  expect(event!.properties.headers!['user_who_performed_action'] as FieldValue).toBe('mia')
})

test.each<[string, FieldTable]>([
  ['bytes', { value: 'x'.repeat(FRAME_BYTES_MAX) }],
  ['depth', nested(TABLE_DEPTH_MAX)],
  ['name', { ['k'.repeat(256)]: 1 }],
])('a change whose %s is too much for a header is made and not told', async (_how, value) => {
  const world = new BrokerWorld()
  const client = await listener(world, 'amq.rabbitmq.event')
  const { definitions } = world.broker
  definitions.put('parameter', { vhost: '', component: '', name: 'p', value }, { durable: true })
  definitions.put('parameter', { vhost: '', component: '', name: 'q', value: 1 }, { durable: true })
  const names = (await told(world, client)).map(({ properties }) => properties.headers!['name'])
  expect(names).toEqual(['q'])
  expect(definitions.get('parameter', ['', '', 'p'])?.value).toEqual(value)
})

/** The same deeds on RabbitMQ 3.10 and on Warren: their event exchanges tell the same, but for what is named here. */
import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { FieldTable } from '../../src/wire/field-table.ts'
import type { MethodName } from '../../src/wire/methods.ts'
import { methodArguments, parseCommand } from '../support/script.ts'
import { type Brokers, type Peer, startBrokers } from './brokers.ts'
import { ask } from './management.ts'
import { inOrder } from './outcome.ts'
import { WireClient } from './wire-client.ts'

/** How long a broker must have told nothing before a deed is over. */
const QUIET_MS = 400

/** A request as `GET path {body}`, or a method of the client `u`. Each has the virtual host `v`, which the first makes. */
const DEEDS = [
  'PUT vhosts/v {"description":"d","tags":"a,b"}',
  'PUT users/u {"password":"u","tags":"management"}',
  'PUT users/u {"password":"u","tags":""}',
  'PUT permissions/v/u {"configure":".*","write":".*","read":".*"}',
  'PUT topic-permissions/v/u {"exchange":"amq.topic","write":".*","read":".*"}',
  'PUT vhost-limits/v/max-queues {"value":10}',
  'PUT user-limits/u/max-channels {"value":10}',
  'DELETE user-limits/u/max-channels',
  'PUT policies/v/p {"pattern":"x","definition":{"max-length":5},"priority":1,"apply-to":"queues"}',
  'DELETE policies/v/p',
  'PUT operator-policies/v/p {"pattern":"x","definition":{"max-length":5},"priority":1,"apply-to":"queues"}',
  'DELETE operator-policies/v/p',
  'PUT global-parameters/g {"value":{"a":1}}',
  'login',
  'queue.declare queue=q durable arguments={"x-max-length":5,"x-overflow":"drop-head"}',
  'queue.declare queue=q durable arguments={"x-max-length":5,"x-overflow":"drop-head"}',
  'exchange.declare exchange=e type=topic durable arguments={"a":true}',
  'exchange.declare exchange=numbers type=direct arguments={"wide":5000000000,"half":0.5,"whole":{"!":"double","value":5},"money":{"!":"decimal","scale":2,"value":314}}',
  'exchange.declare exchange=others type=direct arguments={"time":{"!":"timestamp","value":7},"bytes":{"!":"bytes","base64":"AP8="},"none":null}',
  'queue.bind queue=q exchange=e routingKey=k arguments={"b":"x","list":[1,"y"],"table":{"z":false}}',
  'exchange.bind destination=amq.fanout source=e routingKey=k2',
  'basic.qos prefetchCount=7',
  'basic.consume queue=q consumerTag=ctag arguments={"x-priority":2}',
  'basic.cancel consumerTag=ctag',
  'basic.consume queue=q consumerTag=ctag noAck exclusive',
  'queue.declare queue=mine exclusive',
  'exchange.unbind destination=amq.fanout source=e routingKey=k2',
  'queue.unbind queue=q exchange=e routingKey=k arguments={"b":"x","list":[1,"y"],"table":{"z":false}}',
  'exchange.delete exchange=e',
  'channel.close replyCode=200 replyText=bye',
  'leave',
  'queue.delete',
  'wrong login',
  'DELETE topic-permissions/v/u',
  'DELETE permissions/v/u',
  'DELETE users/u',
  'DELETE global-parameters/g',
  'DELETE vhosts/v',
]

/** Deeds that the two tell of in different ways, and why; in the order of the deeds. */
const KNOWN_DIFFERENCES: { readonly [deed: string]: string } = {
  'PUT vhost-limits/v/max-queues {"value":10}': 'Limits say of which virtual host they are.',
  'wrong login': 'The error is a text; RabbitMQ tells its letters as numbers.',
  'DELETE global-parameters/g': 'A parameter that goes is cleared; RabbitMQ says that it is set.',
  'DELETE vhosts/v': 'Limits say of which virtual host they are.',
}

/** Values that say nothing of what happened, and headers of RabbitMQ's insides. */
const VARIABLE = /^(pid|channel|connection|owner_pid|node|timestamp_in_ms|connected_at|connection_name|peer_port|port)$/
const INSIDE = /^(cluster_state|metadata|default_queue_type)$/

let brokers: Brokers

beforeAll(async () => {
  brokers = await startBrokers()
}, 120_000)

afterAll(() => brokers?.stop(), 60_000)

test('events have the same names, and say the same', async () => {
  const [theirs, ours] = await Promise.all([eventsOn(brokers.rabbitmq), eventsOn(brokers.warren)])
  const different = DEEDS.filter((_deed, at) => !isDeepStrictEqual(ours[at], theirs[at]))
  const shown = (told: string[][]) => Object.fromEntries(DEEDS.map((deed, at) => [deed, told[at]]))
  if (!isDeepStrictEqual(different, Object.keys(KNOWN_DIFFERENCES))) expect(shown(ours)).toEqual(shown(theirs))
}, 120_000)

async function eventsOn(peer: Peer): Promise<string[][]> {
  const watcher = await logIn(peer, {})
  for (const line of [
    'queue.declare queue=events',
    'queue.bind queue=events exchange=amq.rabbitmq.event routingKey=#',
    'basic.consume queue=events consumerTag=w noAck',
  ]) {
    await say(watcher, line)
  }
  await quiet(watcher)
  watcher.client.take()
  const told: string[][] = []
  let client: WireClient | undefined
  for (const deed of DEEDS) {
    if (deed === 'login') client = await logIn(peer, { user: 'u', vhost: 'v' })
    else await act(peer, client, deed)
    await quiet(watcher)
    told.push(eventsHeard(watcher))
  }
  watcher.leave()
  return told
}

async function act(peer: Peer, client: WireClient | undefined, deed: string): Promise<void> {
  const [first = '', path = '', ...rest] = deed.split(' ')
  if (deed === 'leave') client!.leave()
  else if (deed === 'queue.delete') await ask(peer, { method: 'DELETE', path: 'queues/v/q' })
  else if (deed === 'wrong login') (await WireClient.connect(peer.amqpPort)).client.login({ user: 'u', password: 'x' })
  else if (/^[A-Z]+$/.test(first)) {
    const body = rest.join(' ')
    await ask(peer, { method: first, path, ...(body === '' ? {} : { body: JSON.parse(body) }) })
  } else await say(client!, deed)
}

async function logIn(peer: Peer, options: object): Promise<WireClient> {
  const client = await WireClient.connect(peer.amqpPort)
  client.client.login({ channelMax: 2047, frameMax: 131_072, ...options })
  client.owes(heard => heard.kind === 'method' && heard.method.name === 'channel.open-ok')
  await client.answered()
  return client
}

async function say(client: WireClient, line: string): Promise<void> {
  const { words, values } = parseCommand(line, 1)
  const name = words[0] as MethodName
  client.send(1, name, methodArguments(name, values))
  await client.answered()
}

async function quiet(watcher: WireClient): Promise<void> {
  await delay(QUIET_MS)
  while (watcher.quietMs < QUIET_MS) await delay(QUIET_MS / 4)
}

/** In the order of their names: what happens at once is told in any order. */
function eventsHeard({ client }: WireClient): string[] {
  return client
    .take()
    .flatMap(heard => {
      if (heard.kind !== 'method' || heard.method.name !== 'basic.deliver' || heard.content === undefined) return []
      const { headers = {}, deliveryMode, timestamp } = heard.content.properties
      if (headers['component'] === 'exchange-delete-in-progress' || heard.method.args.routingKey === 'vhost.down')
        return []
      const rest = { deliveryMode, hasTime: typeof timestamp === 'number', body: String(heard.content.body) }
      return [`${heard.method.args.routingKey} ${JSON.stringify(inOrder(comparable(headers)))} ${JSON.stringify(rest)}`]
    })
    .sort()
}

function comparable(headers: FieldTable): FieldTable {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => !INSIDE.test(name))
      .map(([name, value]) => [name, VARIABLE.test(name) ? value !== '' : value])
      .map(([name, value]) => [name, typeof value === 'string' ? value.replace(/127\.0\.0\.1:\d+/g, '…') : value]),
  )
}

/** Exchanges, queues and who uses them, for the cases that are about routing and about many queues. */
import type { Variant } from './publisher.ts'
import { bindFrame, declareFrame, exchangeFrame, type MessageShape, Method, type Table } from './wire.ts'

export type TopologyName = 'fan-out' | 'pairs' | 'topic' | 'headers' | 'priority' | 'small-queues'

/** A request and the method that answers it. */
export type Request = { readonly frame: Buffer; readonly reply: number }

/** A publisher on its connection, and consumers that take what it sends. */
export type Group = {
  readonly variants: readonly Variant[]
  /** How many queues each message reaches. */
  readonly copies: number
  /** The queues that each consuming connection reads. */
  readonly readers: readonly (readonly string[])[]
  /** Streams that meet in one queue. */
  readonly lanes: number
}

export type Topology = {
  readonly setup: readonly Request[]
  readonly groups: readonly Group[]
  readonly queues: readonly string[]
}

/** Readers share the queues of a topology among this many connections. */
const READERS = 10
/** Each queue of the topic and the headers case is bound so often. */
const TOPIC_QUEUES = 100
/** Routing keys that are in use at a time, as those of a thousand devices would be. */
const TOPIC_KEYS = 1000
const EXCHANGE = 'bench-exchange'

/** `size` is the number of queues, of pairs, of bindings, or of priorities. */
export function topology(name: TopologyName, size: number, bodyBytes: number): Topology {
  const shape = (exchange: string, key: string, more: Partial<MessageShape> = {}): MessageShape => {
    return { exchange, key, bodyBytes, persistent: false, ...more }
  }
  switch (name) {
    case 'fan-out':
      return fanOut(size, shape(EXCHANGE, ''))
    case 'pairs':
      return pairs(size, key => shape('', key))
    case 'topic':
      return topic(size, key => shape(EXCHANGE, key))
    case 'headers':
      return headers(size, table => shape(EXCHANGE, '', { headers: table }))
    case 'priority':
      return priority(size, level => shape('', 'bench-0', { priority: level }))
    case 'small-queues':
      return smallQueues(size, key => shape('', key))
  }
}

function fanOut(size: number, shape: MessageShape): Topology {
  const queues = names(size)
  const setup = [exchange('fanout'), ...queues.flatMap(queue => [declare(queue), bind(queue, '')])]
  const variants = [{ shape, stream: 0, lane: 0 }]
  return { setup, queues, groups: [{ variants, copies: size, readers: shared(queues), lanes: 1 }] }
}

function pairs(size: number, shape: (key: string) => MessageShape): Topology {
  const queues = names(size)
  const groups = queues.map(queue => {
    return { variants: [{ shape: shape(queue), stream: 0, lane: 0 }], copies: 1, readers: [[queue]], lanes: 1 }
  })
  return { setup: queues.map(queue => declare(queue)), queues, groups }
}

/** Binding `i` is `device.i.*.#` of queue `i mod 100`; a key matches one of them. */
function topic(size: number, shape: (key: string) => MessageShape): Topology {
  const queues = names(TOPIC_QUEUES)
  const bindings = Array.from({ length: size }, (_, i) => bind(queues[i % queues.length]!, `device.${i}.*.#`))
  const used = Math.min(TOPIC_KEYS, size)
  const variants = Array.from({ length: used }, (_, i) => {
    const binding = Math.floor((i * size) / used)
    const stream = binding % queues.length
    return { shape: shape(`device.${binding}.temperature.celsius`), stream, lane: 0 }
  })
  const setup = [exchange('topic'), ...queues.map(queue => declare(queue)), ...bindings]
  return { setup, queues, groups: [{ variants, copies: 1, readers: shared(queues), lanes: 1 }] }
}

/** Binding `i` asks for two headers, of which one tells it from the others; a message matches one binding. */
function headers(size: number, shape: (table: Table) => MessageShape): Topology {
  const queues = names(size)
  const matched = (i: number): Table => ({ kind: 'reading', device: `device-${i}` })
  const bindings = queues.map((queue, i) => bind(queue, '', { ...matched(i), 'x-match': 'all' }))
  const variants = queues.map((_, i) => {
    return { shape: shape({ ...matched(i), unit: 'celsius' }), stream: i, lane: 0 }
  })
  const setup = [exchange('headers'), ...queues.map(queue => declare(queue)), ...bindings]
  return { setup, queues, groups: [{ variants, copies: 1, readers: shared(queues), lanes: 1 }] }
}

function priority(size: number, shape: (level: number) => MessageShape): Topology {
  const queues = names(1)
  const variants = Array.from({ length: size }, (_, level) => ({ shape: shape(level), stream: level, lane: level }))
  const setup = [declare('bench-0', { 'x-max-priority': size - 1 })]
  return { setup, queues, groups: [{ variants, copies: 1, readers: [queues], lanes: size }] }
}

function smallQueues(size: number, shape: (key: string) => MessageShape): Topology {
  const queues = names(size)
  const variants = queues.map((queue, stream) => ({ shape: shape(queue), stream, lane: 0 }))
  const setup = queues.map(queue => declare(queue))
  return { setup, queues, groups: [{ variants, copies: 1, readers: shared(queues), lanes: 1 }] }
}

function names(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `bench-${i}`)
}

function shared(queues: readonly string[]): string[][] {
  const readers = Array.from({ length: Math.min(READERS, queues.length) }, (): string[] => [])
  for (const [i, queue] of queues.entries()) readers[i % readers.length]!.push(queue)
  return readers
}

function exchange(type: string): Request {
  return { frame: exchangeFrame(EXCHANGE, type), reply: Method.exchangeDeclareOk }
}

function declare(queue: string, args?: Table): Request {
  return { frame: declareFrame(queue, false, args), reply: Method.queueDeclareOk }
}

function bind(queue: string, key: string, args?: Table): Request {
  return { frame: bindFrame(queue, EXCHANGE, key, args), reply: Method.queueBindOk }
}

/** The router follows any graph of exchanges to its end. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { messageOf } from '../../test/routed-message.ts'
import { createExchange } from './exchange-types.ts'
import { type RoutingNode, routeMessage } from './router.ts'

class TestNode implements RoutingNode<string> {
  readonly exchange
  alternateNode: TestNode | undefined
  constructor(type: string) {
    this.exchange = createExchange<string | RoutingNode<string>>(type, {
      arguments: {},
      identify: String,
      randomBelow: () => 0,
    })!
  }
  alternate = () => this.alternateNode
}

function isNode(destination: string | RoutingNode<string>): destination is RoutingNode<string> {
  return typeof destination !== 'string'
}

function route(start: TestNode, key = 'k'): string[] {
  return [...routeMessage(start, messageOf(key), isNode)].sort()
}

test('a queue that is reached on two ways gets the message once', () => {
  const [start, left, right] = [new TestNode('fanout'), new TestNode('fanout'), new TestNode('fanout')]
  start.exchange.bind(left, '', {})
  start.exchange.bind(right, '', {})
  left.exchange.bind('q', '', {})
  right.exchange.bind('q', '', {})
  expect(route(start)).toEqual(['q'])
})

test('a cycle of bindings ends', () => {
  const [a, b] = [new TestNode('fanout'), new TestNode('fanout')]
  a.exchange.bind(b, '', {})
  b.exchange.bind(a, '', {})
  b.exchange.bind('q', '', {})
  expect(route(a)).toEqual(['q'])
})

test('the alternate exchange takes what no binding takes, and nothing else', () => {
  const [start, other] = [new TestNode('direct'), new TestNode('fanout')]
  start.alternateNode = other
  start.exchange.bind('q', 'known', {})
  other.exchange.bind('rest', '', {})
  expect(route(start, 'known')).toEqual(['q'])
  expect(route(start, 'unknown')).toEqual(['rest'])
})

test('a binding to an exchange that finds nothing counts as routed', () => {
  const [start, dead, other] = [new TestNode('fanout'), new TestNode('direct'), new TestNode('fanout')]
  start.exchange.bind(dead, '', {})
  start.alternateNode = other
  other.exchange.bind('rest', '', {})
  expect(route(start)).toEqual([])
})

test('the alternate of an exchange further on is used too', () => {
  const [start, dead, other] = [new TestNode('fanout'), new TestNode('direct'), new TestNode('fanout')]
  start.exchange.bind(dead, '', {})
  dead.alternateNode = other
  other.exchange.bind('rest', '', {})
  expect(route(start)).toEqual(['rest'])
})

test('an alternate exchange that points at itself finds nothing', () => {
  const start = new TestNode('direct')
  start.alternateNode = start
  expect(route(start)).toEqual([])
})

interface Graph {
  types: ('direct' | 'fanout')[]
  edges: { from: number; to: number | string; key: string }[]
  alternates: (number | undefined)[]
}

const KEYS = ['k', 'other']
const SIZE = 5

const graph: fc.Arbitrary<Graph> = fc.record({
  types: fc.array(fc.constantFrom('direct', 'fanout'), { minLength: SIZE, maxLength: SIZE }),
  edges: fc.array(
    fc.record({
      from: fc.nat(SIZE - 1),
      to: fc.oneof(fc.nat(SIZE - 1), fc.constantFrom('p', 'q', 'r')),
      key: fc.constantFrom(...KEYS),
    }),
    { maxLength: 12, size: 'max' },
  ),
  alternates: fc.array(fc.option(fc.nat(SIZE - 1), { nil: undefined }), { minLength: SIZE, maxLength: SIZE }),
})

/** Which exchanges the message reaches, grown until nothing is added, and from them the queues. */
function model({ types, edges, alternates }: Graph, key: string): string[] {
  const reached = new Set([0])
  const takes = (from: number) =>
    edges.filter(edge => edge.from === from && (types[from] === 'fanout' || edge.key === key))
  for (let before = -1; before !== reached.size; ) {
    before = reached.size
    for (let exchange = 0; exchange < SIZE; exchange++) {
      if (!reached.has(exchange)) continue
      const taken = takes(exchange)
      const alternate = alternates[exchange]
      if (taken.length === 0 && alternate !== undefined) reached.add(alternate)
      for (const { to } of taken) if (typeof to === 'number') reached.add(to)
    }
  }
  const destinations = [...reached].flatMap(takes).map(edge => edge.to)
  return [...new Set(destinations.filter(to => typeof to === 'string'))].sort()
}

test('random graphs with cycles and alternates route as their model does', () => {
  fc.assert(
    fc.property(graph, fc.constantFrom(...KEYS), (shape, key) => {
      const nodes = shape.types.map(type => new TestNode(type))
      for (const [index, alternate] of shape.alternates.entries()) {
        nodes[index]!.alternateNode = alternate === undefined ? undefined : nodes[alternate]
      }
      for (const { from, to, key } of shape.edges) {
        nodes[from]!.exchange.bind(typeof to === 'number' ? nodes[to]! : to, key, {})
      }
      expect(route(nodes[0]!, key)).toEqual(model(shape, key))
    }),
    { numRuns: 300 },
  )
})

/** A client hears no header frame above its frame-max, whatever stands in a message's headers. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fieldTable } from '../../test/arbitraries.ts'
import { BrokerWorld } from '../../test/support/broker-world.ts'
import type { HeardContent, TestClient } from '../../test/support/test-client.ts'
import { FRAME_BYTES_MAX, FRAME_BYTES_MIN } from '../limits.ts'
import { FRAME_OVERHEAD, HEADER_FLAGS_OFFSET } from '../wire/frame.ts'
import { decodeProperties, encodeProperties, type Properties } from '../wire/properties.ts'
import { fitProperties } from './fit-headers.ts'

const BESIDES = FRAME_OVERHEAD + HEADER_FLAGS_OFFSET

function fitted(properties: Properties, frameMax: number): Properties {
  const bytes = fitProperties(encodeProperties(properties), frameMax)
  expect(bytes.length).toBeLessThanOrEqual(frameMax - BESIDES)
  return decodeProperties(bytes, 0, bytes.length)
}

const text = (bytes: number): string => 'x'.repeat(bytes)
const death = (queue: string, bytes = 1_000) => ({ queue, reason: 'expired', exchange: text(bytes) })

describe('properties', () => {
  test('that fit stay as they are, byte by byte', () => {
    const properties = encodeProperties({ headers: { h: text(4_000) }, messageId: 'm' })
    expect(fitProperties(properties, properties.length + BESIDES)).toBe(properties)
  })

  test('that do not fit lose the oldest deaths first', () => {
    const deaths = ['newest', 'newer', 'older', 'oldest'].map(queue => death(queue))
    const { headers } = fitted({ headers: { 'x-death': deaths, own: text(1_500) } }, FRAME_BYTES_MIN)
    expect(headers).toEqual({ 'x-death': deaths.slice(0, 2), own: text(1_500) })
  })

  test('lose whole headers, the largest first, where the deaths are not enough', () => {
    const headers = { large: text(9_000), 'x-death': [death('last'), death('first')], small: text(2_000), n: 1 }
    expect(fitted({ headers, messageId: 'm' }, FRAME_BYTES_MIN)).toEqual({
      headers: { 'x-death': [death('last')], small: text(2_000), n: 1 },
      messageId: 'm',
    })
  })

  test('keep everything but headers', () => {
    const long = text(255)
    const others = { contentType: long, contentEncoding: long, correlationId: long, replyTo: long, expiration: long }
    const more = { messageId: long, type: long, userId: long, appId: long, clusterId: long, timestamp: 1, priority: 2 }
    expect(fitted({ ...others, ...more, headers: { h: text(5_000) } }, FRAME_BYTES_MIN)).toEqual({
      ...others,
      ...more,
      headers: {},
    })
  })

  test('fit whatever they are', () => {
    const headers = fc.tuple(fieldTable, fc.array(fieldTable, { maxLength: 5 }), fc.nat(6_000))
    fc.assert(
      fc.property(headers, fc.integer({ min: FRAME_BYTES_MIN, max: 8_000 }), ([table, deaths, bytes], frameMax) => {
        fitted({ headers: { ...table, 'x-death': deaths, filling: text(bytes), rest: text(3_000) } }, frameMax)
      }),
      { numRuns: 200 },
    )
  })
})

describe('a message with more headers than the client takes', () => {
  const flags = { passive: false, durable: false, exclusive: false, autoDelete: false, noWait: false }
  const consume = { consumerTag: 'c', noLocal: false, noAck: true, exclusive: false, noWait: false, arguments: {} }
  const contentsOf = (client: TestClient): HeardContent[] =>
    client.take().flatMap(heard => (heard.kind === 'method' && heard.content !== undefined ? [heard.content] : []))

  test.each([true, false])('is delivered without some of them (the consumer waits for it: %j)', async waits => {
    const world = new BrokerWorld()
    const [publisher, consumer] = [await world.client(), await world.client({ frameMax: FRAME_BYTES_MIN })]
    publisher.send(1, 'queue.declare', { queue: 'q', ...flags, arguments: {} })
    if (waits) consumer.send(1, 'basic.consume', { queue: 'q', ...consume })
    await world.settle()
    publisher.publish(1, { routingKey: 'q', properties: { headers: { large: text(9_000), n: 1 } }, body: text(9_000) })
    await world.settle()
    if (!waits) consumer.send(1, 'basic.get', { queue: 'q', noAck: true })
    await world.settle()
    expect(contentsOf(consumer)).toMatchObject([{ properties: { headers: { n: 1 } }, body: { length: 9_000 } }])
  })

  test('tells of its latest death, though its publisher filled a whole frame', async () => {
    const world = new BrokerWorld()
    const client = await world.client()
    const dlx = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' }
    client.send(1, 'queue.declare', { queue: 'dead', ...flags, arguments: {} })
    client.send(1, 'queue.declare', { queue: 'q', ...flags, arguments: dlx })
    client.send(1, 'basic.consume', { queue: 'dead', ...consume })
    const filling = FRAME_BYTES_MAX - BESIDES - encodeProperties({ headers: { large: '', n: 1 } }).length
    client.publish(1, { routingKey: 'q', properties: { headers: { large: text(filling), n: 1 } } })
    client.send(1, 'basic.get', { queue: 'q', noAck: false })
    await world.settle()
    expect(contentsOf(client)).toHaveLength(1)
    client.send(1, 'basic.reject', { deliveryTag: 1, requeue: false })
    await world.settle()
    const [dead] = contentsOf(client)
    expect(dead?.properties.headers).toMatchObject({ n: 1, 'x-death': [{ queue: 'q', reason: 'rejected' }] })
    expect(dead?.properties.headers).not.toHaveProperty('large')
  })
})

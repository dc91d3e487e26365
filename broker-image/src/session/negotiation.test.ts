/** What is offered, and what both agree on. */
import { describe, expect, test } from 'vitest'
import { loadConfig } from '../config/config.ts'
import { capabilitiesIn, startArgs, tuned } from './negotiation.ts'

const config = loadConfig({ argv: [], env: {}, readFile: () => '' })

test('clients that look at product and capabilities find those of RabbitMQ', () => {
  const { serverProperties, mechanisms, versionMajor, versionMinor } = startArgs(config, '1.2.3', ['AMQPLAIN', 'PLAIN'])
  expect([versionMajor, versionMinor, mechanisms.toString()]).toEqual([0, 9, 'AMQPLAIN PLAIN'])
  expect(serverProperties).toMatchObject({ product: 'RabbitMQ', platform: 'Warren 1.2.3' })
  expect(serverProperties['capabilities']).toMatchObject({
    publisher_confirms: true,
    exchange_exchange_bindings: true,
    'basic.nack': true,
    consumer_cancel_notify: true,
    'connection.blocked': true,
    consumer_priorities: true,
    authentication_failure_close: true,
    per_consumer_qos: true,
  })
})

test('capabilities are those that are true', () => {
  expect(capabilitiesIn({ capabilities: { a: true, b: false, c: 1 } })).toEqual(new Set(['a']))
  expect(capabilitiesIn({})).toEqual(new Set())
  expect(capabilitiesIn({ capabilities: 'all' })).toEqual(new Set())
})

describe('tuning', () => {
  test.each([
    [{ channelMax: 0, frameMax: 0, heartbeat: 0 }, [2_047, 131_072, 0]],
    [{ channelMax: 10, frameMax: 4_096, heartbeat: 5 }, [10, 4_096, 5]],
    [{ channelMax: 2_047, frameMax: 131_072, heartbeat: 600 }, [2_047, 131_072, 600]],
  ])('%j is agreed to', (ok, [channelMax, frameMax, heartbeatSeconds]) => {
    expect(tuned(config, ok)).toEqual({ channelMax, frameMax, heartbeatSeconds })
  })

  test.each([
    { channelMax: 2_048, frameMax: 0, heartbeat: 0 },
    { channelMax: 0, frameMax: 131_073, heartbeat: 0 },
    { channelMax: 0, frameMax: 4_095, heartbeat: 0 },
  ])('%j is not allowed', ok => {
    expect(() => tuned(config, ok)).toThrow(expect.objectContaining({ code: 530 }))
  })
})

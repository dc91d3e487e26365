/** How clients come in: over both families of addresses, through proxies, and only as many and as long as they may. */
import { mkdtempSync, rmSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { makeIdentity, writeFiles } from '../../test/support/certificates.ts'
import { type Caller, call, callTls, ListeningWorld } from '../../test/support/listening-world.ts'
import { HANDSHAKE_MS_MAX, LOGIN_FAILURES_MAX } from '../limits.ts'
import { encodeMethodFrame } from '../wire/codec.ts'
import { PROTOCOL_HEADER } from '../wire/frame.ts'

let worlds: ListeningWorld[] = []
const hasIpv6 = Object.values(networkInterfaces()).some(some => some?.some(({ address }) => address === '::1'))

afterEach(async () => {
  for (const world of worlds) await world.close()
  worlds = []
})

async function open(conf = ''): Promise<ListeningWorld> {
  const world = await ListeningWorld.open(conf)
  worlds.push(world)
  return world
}

/** Protocol header, login, and the opening of the virtual host. */
function login(user: string, password: string): Buffer {
  const response = Buffer.from(`\0${user}\0${password}`)
  return Buffer.concat([
    PROTOCOL_HEADER,
    encodeMethodFrame(0, 'connection.start-ok', {
      clientProperties: {},
      mechanism: 'PLAIN',
      response,
      locale: 'en_US',
    }),
    encodeMethodFrame(0, 'connection.tune-ok', { channelMax: 0, frameMax: 0, heartbeat: 0 }),
    encodeMethodFrame(0, 'connection.open', { virtualHost: '/' }),
  ])
}

/** Waits until the client is in, or sent away; the names of those who are in. */
async function namesAfter(world: ListeningWorld, { closed }: Caller): Promise<string[]> {
  const isIn = async (): Promise<void> => {
    while (world.broker.connections.size === 0) await new Promise(resolve => setImmediate(resolve))
  }
  await Promise.race([isIn(), closed])
  return [...world.broker.connections].map(({ name }) => name)
}

describe('a port', () => {
  test('without an address is there for IPv4 and IPv6', async () => {
    const world = await open('listeners.tcp.default = 0')
    const client = call(world.port('amqp'), login('guest', 'guest'))
    expect((await namesAfter(world, client))[0]).toMatch(/^127\.0\.0\.1:\d+ -> 127\.0\.0\.1:\d+$/)
    client.socket.destroy()
  })

  test.runIf(hasIpv6)('is there for IPv6, whose addresses stand in brackets', async () => {
    const world = await open('listeners.tcp.default = 0')
    const client = call(world.port('amqp'), login('guest', 'guest'), '::1')
    expect((await namesAfter(world, client))[0]).toMatch(/^\[::1\]:\d+ -> \[::1\]:\d+$/)
    client.socket.destroy()
  })

  test.runIf(hasIpv6)('may be one of several, the same number for each family', async () => {
    const free = await open()
    const port = free.port('amqp')
    await free.close()
    worlds = []
    const conf = `listeners.tcp = none\nlisteners.tcp.1 = 0.0.0.0:${port}\nlisteners.tcp.2 = :::${port}`
    await open(`${conf}\nlisteners.tcp.3 = 127.0.0.2:0`)
    for (const host of ['127.0.0.1', '::1']) {
      const { socket, answer } = call(port, PROTOCOL_HEADER, host)
      expect((await answer)?.toString('latin1')).toContain('PLAIN')
      socket.destroy()
    }
  })
})

describe('through a proxy', () => {
  const V2 = Buffer.from('0d0a0d0a000d0a515549540a2111000c0a0000070a0000082af81628', 'hex')

  test.each<[string, Buffer[]]>([
    ['version 1', [Buffer.from('PROXY TCP4 10.0.0.7 10.0.0.8 11000 5672\r\n')]],
    ['version 1, cut', [Buffer.from('PROXY TCP4 10.0.0.7 10'), Buffer.from('.0.0.8 11000 5672\r\n')]],
    ['version 2', [V2]],
    ['version 2, cut', [V2.subarray(0, 13), V2.subarray(13)]],
  ])('clients are those that it tells of: %s', async (_version, [first, ...more]) => {
    const world = await open('proxy_protocol = true\nloopback_users = none')
    const caller = call(world.port('amqp'), first)
    for (const piece of more) {
      await new Promise(resolve => setTimeout(resolve, 1))
      caller.socket.write(piece)
    }
    caller.socket.write(login('guest', 'guest'))
    expect(await namesAfter(world, caller)).toEqual(['10.0.0.7:11000 -> 10.0.0.8:5672'])
    caller.socket.destroy()
  })

  test('a client that comes in one piece with the header is heard, and what follows it too', async () => {
    const world = await open('proxy_protocol = true')
    const header = Buffer.from('PROXY TCP6 ::1 ::1 1 2\r\n')
    const caller = call(world.port('amqp'), Buffer.concat([header, login('guest', 'guest')]))
    expect(await namesAfter(world, caller)).toEqual(['[::1]:1 -> [::1]:2'])
    caller.socket.write(encodeMethodFrame(1, 'channel.open', {}))
    while ([...world.broker.connections.values()][0]?.channels.size === 0) {
      await new Promise(resolve => setImmediate(resolve))
    }
    caller.socket.destroy()
  })

  test('clients of one name are two, and one of them may leave', async () => {
    const world = await open('proxy_protocol = true')
    const { connections } = world.broker
    const count = async (expected: number): Promise<void> => {
      while (connections.size !== expected) await new Promise(resolve => setImmediate(resolve))
    }
    const hello = Buffer.concat([Buffer.from('PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n'), login('guest', 'guest')])
    const first = call(world.port('amqp'), hello)
    await count(1)
    const second = call(world.port('amqp'), hello)
    await count(2)
    first.socket.destroy()
    await count(1)
    second.socket.destroy()
    await count(0)
  })

  test.each([
    ['PROXY UNKNOWN\r\n', 1],
    ['PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n', 1],
    ['PROXY TCP4 10.0.0.7 10.0.0.8 1 2\r\n', 0],
  ])('who may come from the loopback interface only, comes from it by what the proxy says: %j', async (line, count) => {
    const world = await open('proxy_protocol = true')
    const caller = call(world.port('amqp'), Buffer.concat([Buffer.from(line), login('guest', 'guest')]))
    expect(await namesAfter(world, caller)).toHaveLength(count)
    caller.socket.destroy()
  })

  test('a client without a header is sent away, and one that does not end it after a while', async () => {
    const world = await open('proxy_protocol = true')
    expect(await call(world.port('amqp')).answer).toBeUndefined()
    const { pending } = world.clock
    const slow = call(world.port('amqp'), Buffer.from('PROXY TCP4 '))
    while (world.clock.pending === pending) await new Promise(resolve => setImmediate(resolve))
    await world.advance(HANDSHAKE_MS_MAX)
    expect(await slow.answer).toBeUndefined()
  })

  test('TLS begins behind the header, in one piece with it or not', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'warren-proxied-'))
    const server = await makeIdentity({ name: 'CN=broker.example' })
    const { cert, key } = writeFiles(folder, server, server)
    const world = await open(`proxy_protocol = true
loopback_users = none
listeners.ssl.default = 127.0.0.1:0
ssl_options.certfile = ${cert}
ssl_options.keyfile = ${key}
`)
    const header = Buffer.from('PROXY TCP4 10.0.0.7 10.0.0.8 11000 5671\r\n')
    const caller = callTls(world.port('amqp/ssl'), { rejectUnauthorized: false }, header)
    await caller.answer
    caller.socket.write(login('guest', 'guest').subarray(PROTOCOL_HEADER.length))
    expect(await namesAfter(world, caller)).toEqual(['10.0.0.7:11000 -> 10.0.0.8:5671'])
    caller.socket.destroy()
    rmSync(folder, { recursive: true })
  })
})

describe('limits', () => {
  test('a client that does not open a virtual host in time is sent away', async () => {
    const world = await open('handshake_timeout = 3000')
    const { pending } = world.clock
    const silent = call(world.port('amqp'), Buffer.alloc(0))
    const slow = call(world.port('amqp'))
    await slow.answer
    while (world.clock.pending < pending + 2) await new Promise(resolve => setImmediate(resolve))
    await world.advance(3_000)
    await Promise.all([silent.closed, slow.closed])
  })

  test('of failed logins hold for the address that fails, by AMQP and HTTP together', async () => {
    const world = await open('proxy_protocol = true\nloopback_users = none')
    const { access } = world.broker
    for (let i = 0; i < LOGIN_FAILURES_MAX; i++) {
      expect(() => access.authenticate('guest', 'guess', '127.0.0.1')).toThrow('invalid credentials')
    }
    const headers = { authorization: `Basic ${Buffer.from('guest:guest').toString('base64')}` }
    const overview = async () => (await fetch(`http://127.0.0.1:${world.port('http')}/api/whoami`, { headers })).status
    const from = (address: string): Caller => {
      const header = Buffer.from(`PROXY TCP4 ${address} 10.0.0.8 1 2\r\n`)
      return call(world.port('amqp'), Buffer.concat([header, login('guest', 'guest')]))
    }
    expect(await overview()).toBe(429)
    expect(await namesAfter(world, from('127.0.0.1'))).toEqual([])
    const other = from('10.0.0.9')
    expect(await namesAfter(world, other)).toHaveLength(1)
    other.socket.destroy()
    await other.closed
    await world.advance(1_000)
    expect(await overview()).toBe(200)
    const later = from('127.0.0.1')
    expect(await namesAfter(world, later)).toHaveLength(1)
    later.socket.destroy()
  })
})

/** What a proxy says is understood however it is cut, and nothing that it says is believed by halves. */
import { SocketAddress } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PROXY_HEADER_BYTES_MAX } from '../limits.ts'
import { plainAddress } from './address.ts'
import { type ProxiedEnds, ProxyHeader } from './proxy-header.ts'

const SIGNATURE = '0d0a0d0a000d0a515549540a'
const port = fc.nat(65_535)
const ends = (address: fc.Arbitrary<string>): fc.Arbitrary<ProxiedEnds> =>
  fc.record({ peerHost: address, peerPort: port, host: address, port })
const v4 = ends(fc.ipV4())
/** Not those that IPv6 has for IPv4, which are shown as what they are. */
const v6 = ends(fc.ipV6().filter(address => !/\d\.\d/.test(new SocketAddress({ address, family: 'ipv6' }).address)))

function line(family: string, { peerHost, peerPort, host, port: own }: ProxiedEnds): Buffer {
  return Buffer.from(`PROXY ${family} ${peerHost} ${host} ${peerPort} ${own}\r\n`)
}

function binary(command: number, family: number, payload: Buffer): Buffer {
  const head = Buffer.from(`${SIGNATURE}00000000`, 'hex')
  head[12] = command
  head[13] = family
  head.writeUInt16BE(payload.length, 14)
  return Buffer.concat([head, payload])
}

function addressBytes(address: string): Buffer {
  if (!address.includes(':')) return Buffer.from(address.split('.').map(Number))
  const whole = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [front = '', back] = whole.split('::')
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'))
  const [before, after] = [groups(front), groups(back ?? '')]
  const zeros = Array<string>(back === undefined ? 0 : 8 - before.length - after.length).fill('0')
  return Buffer.from([...before, ...zeros, ...after].map(group => group.padStart(4, '0')).join(''), 'hex')
}

function payloadOf({ peerHost, peerPort, host, port: own }: ProxiedEnds): Buffer {
  const ports = Buffer.alloc(4)
  ports.writeUInt16BE(peerPort, 0)
  ports.writeUInt16BE(own, 2)
  return Buffer.concat([addressBytes(peerHost), addressBytes(host), ports])
}

/** Whole headers with what is in them. */
const header: fc.Arbitrary<{ bytes: Buffer; ends: ProxiedEnds | undefined }> = fc.oneof(
  v4.map(of => ({ bytes: line('TCP4', of), ends: of })),
  v6.map(of => ({ bytes: line('TCP6', of), ends: of })),
  fc.constantFrom('', ' ffff:: ffff:: 1 2', ' nonsense').map(tail => ({
    bytes: Buffer.from(`PROXY UNKNOWN${tail}\r\n`),
    ends: undefined,
  })),
  fc.tuple(v4, extension()).map(([of, tail]) => ({ bytes: binary(0x21, 0x11, join(of, tail)), ends: of })),
  fc.tuple(v6, extension()).map(([of, tail]) => ({ bytes: binary(0x21, 0x21, join(of, tail)), ends: of })),
  extension().map(tail => ({ bytes: binary(0x20, 0x00, tail), ends: undefined })),
  extension().map(tail => ({ bytes: binary(0x21, 0x00, tail), ends: undefined })),
)

/** Type, length and value, of which nothing is understood. */
function extension(): fc.Arbitrary<Buffer> {
  return fc.uint8Array({ maxLength: 30 }).map(value => Buffer.concat([Buffer.from([0xe0, 0, value.length]), value]))
}

function join(of: ProxiedEnds, tail: Buffer): Buffer {
  return Buffer.concat([payloadOf(of), tail])
}

function short(of: ProxiedEnds | undefined): ProxiedEnds | undefined {
  return of && { ...of, peerHost: plainAddress(of.peerHost), host: plainAddress(of.host) }
}

test('a header is understood wherever it is cut, and what follows it is left alone', () => {
  fc.assert(
    fc.property(header, fc.uint8Array({ maxLength: 20 }), ({ bytes, ends: expected }, behind) => {
      const stream = Buffer.concat([bytes, behind])
      for (let cut = 0; cut < bytes.length; cut++) {
        const reader = new ProxyHeader()
        expect(reader.take(stream.subarray(0, cut))).toBe('incomplete')
        const read = reader.take(stream.subarray(cut))
        expect(read).toMatchObject({ rest: Buffer.from(behind) })
        expect((read as { ends: ProxiedEnds | undefined }).ends).toEqual(short(expected))
      }
    }),
    { numRuns: 60 },
  )
})

test('a header in single bytes is understood with its last', () => {
  const reader = new ProxyHeader()
  const bytes = [...line('TCP4', { peerHost: '1.2.3.4', peerPort: 5, host: '6.7.8.9', port: 10 })]
  const answers = bytes.map(byte => reader.take(Buffer.from([byte])))
  expect(new Set(answers.slice(0, -1))).toEqual(new Set(['incomplete']))
  expect(answers.at(-1)).toMatchObject({ ends: { peerHost: '1.2.3.4', peerPort: 5, host: '6.7.8.9', port: 10 } })
})

describe('no header is', () => {
  test.each([
    'AMQP\0\0\t\x01',
    'proxy ',
    'PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n',
    'PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n',
    'PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n',
    'PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n',
    'PROXY TCP4 ::1 ::1 1 2\r\n',
    'PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n',
    'PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n',
    'PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n',
    `PROXY UNKNOWN ${'x'.repeat(107)}`,
  ])('%j', text => {
    expect(new ProxyHeader().take(Buffer.from(text, 'latin1'))).toBe('wrong')
  })

  test.each<[string, Buffer]>([
    ['another version', binary(0x31, 0x11, Buffer.alloc(12))],
    ['an unknown command', binary(0x22, 0x11, Buffer.alloc(12))],
    ['a datagram', binary(0x21, 0x12, Buffer.alloc(12))],
    ['addresses too short', binary(0x21, 0x11, Buffer.alloc(11))],
    ['one that is too long', binary(0x21, 0x11, Buffer.alloc(PROXY_HEADER_BYTES_MAX)).subarray(0, 16)],
  ])('%s', (_what, bytes) => {
    expect(new ProxyHeader().take(bytes)).toBe('wrong')
  })

  test('anything else, and nothing stops the reader', () => {
    const start = fc.constantFrom(Buffer.from('PROXY TCP4 '), Buffer.from(`${SIGNATURE}21`, 'hex'), Buffer.alloc(0))
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 200 }), (first, noise) => {
        const answer = new ProxyHeader().take(Buffer.concat([first, noise]))
        if (answer !== 'wrong' && answer !== 'incomplete') expect(first.length).toBeGreaterThan(0)
      }),
    )
  })
})

/**
 * What a proxy says of a client before the client speaks [PROXY protocol, haproxy.org, versions 1 and 2], in however many
 * pieces it comes. Extensions behind the addresses of version 2 are skipped.
 */
import { PROXY_HEADER_BYTES_MAX } from '../limits.ts'
import { isAddress, plainAddress } from './address.ts'

/** Both ends of the connection as the client knows it. */
export interface ProxiedEnds {
  readonly peerHost: string
  readonly peerPort: number
  readonly host: string
  readonly port: number
}

export interface ProxyHeaderRead {
  /** Undefined where the proxy speaks for itself, or does not know: the ends of the socket hold. */
  readonly ends: ProxiedEnds | undefined
  /** What follows the header. */
  readonly rest: Buffer
}

type Answer = ProxyHeaderRead | 'incomplete' | 'wrong'

const V1_START = Buffer.from('PROXY ', 'latin1')
/** With the end of the line. */
const V1_BYTES_MAX = 107
const V2_START = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a])
const V2_HEAD_BYTES = 16
const V2_LOCAL = 0x20
const V2_PROXY = 0x21
/** Bytes of an address by family and transport: stream sockets only, no others come here. */
const V2_ADDRESS_BYTES: { readonly [family: number]: number } = { 17: 4, 33: 16 }
/** Families that say nothing of IP: unspecified, and sockets of Unix. */
const V2_WITHOUT_IP: readonly number[] = [0x00, 0x31]

export class ProxyHeader {
  #bytes = Buffer.alloc(0)

  /** Takes a chunk. Answers the header once it is whole. */
  take(chunk: Buffer): Answer {
    this.#bytes = Buffer.concat([this.#bytes, chunk])
    if (startsLike(this.#bytes, V1_START)) return version1(this.#bytes)
    if (startsLike(this.#bytes, V2_START)) return version2(this.#bytes)
    return 'wrong'
  }
}

/** Whether the bytes begin with `start`, or may yet. */
function startsLike(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length)
  return bytes.subarray(0, length).equals(start.subarray(0, length))
}

function version1(bytes: Buffer): Answer {
  const head = bytes.subarray(0, V1_BYTES_MAX)
  const end = head.indexOf('\r\n')
  if (end < 0) return head.length < V1_BYTES_MAX ? 'incomplete' : 'wrong'
  const words = head.toString('latin1', V1_START.length, end).split(' ')
  const rest = bytes.subarray(end + 2)
  if (words[0] === 'UNKNOWN') return { ends: undefined, rest }
  const ends = endsInWords(words)
  return ends === undefined ? 'wrong' : { ends, rest }
}

function endsInWords([family, source = '', target = '', ...ports]: string[]): ProxiedEnds | undefined {
  const [peerPort, port] = ports.map(portIn)
  if (family !== 'TCP4' && family !== 'TCP6') return undefined
  if (ports.length !== 2 || peerPort === undefined || port === undefined) return undefined
  const version = family === 'TCP4' ? 4 : 6
  if (!isAddress(source, version) || !isAddress(target, version)) return undefined
  return { peerHost: plainAddress(source), peerPort, host: plainAddress(target), port }
}

function portIn(text: string): number | undefined {
  const port = /^(0|[1-9]\d{0,4})$/.test(text) ? Number(text) : Number.NaN
  return port <= 65_535 ? port : undefined
}

function version2(bytes: Buffer): Answer {
  if (bytes.length < V2_HEAD_BYTES) return 'incomplete'
  const [command, family] = [bytes[12]!, bytes[13]!]
  const end = V2_HEAD_BYTES + bytes.readUInt16BE(14)
  if ((command !== V2_LOCAL && command !== V2_PROXY) || end > PROXY_HEADER_BYTES_MAX) return 'wrong'
  if (bytes.length < end) return 'incomplete'
  const rest = bytes.subarray(end)
  if (command === V2_LOCAL || V2_WITHOUT_IP.includes(family)) return { ends: undefined, rest }
  const ends = endsInBytes(bytes.subarray(V2_HEAD_BYTES, end), V2_ADDRESS_BYTES[family] ?? 0)
  return ends === undefined ? 'wrong' : { ends, rest }
}

/** Source and target, then the ports of both. */
function endsInBytes(bytes: Buffer, addressBytes: number): ProxiedEnds | undefined {
  if (addressBytes === 0 || bytes.length < 2 * addressBytes + 4) return undefined
  return {
    peerHost: addressIn(bytes.subarray(0, addressBytes)),
    peerPort: bytes.readUInt16BE(2 * addressBytes),
    host: addressIn(bytes.subarray(addressBytes, 2 * addressBytes)),
    port: bytes.readUInt16BE(2 * addressBytes + 2),
  }
}

function addressIn(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.')
  return plainAddress(bytes.toString('hex').match(/.{4}/g)!.join(':'))
}

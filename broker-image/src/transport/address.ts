/** IP addresses as people write them. */
import { isIPv4, isIPv6, SocketAddress } from 'node:net'

/** Groups of 16 bits in an address of IPv6. */
const GROUPS = 8
/** An IPv4 client of a listener for both families has an address of IPv6, which nobody wants to read. */
const MAPPED = /^::ffff:(?=\d+\.)/i

/** The address in its shortest form; one of IPv4 that was mapped into IPv6 as itself. */
export function plainAddress(address: string): string {
  const short = isIPv6(address) ? new SocketAddress({ address, family: 'ipv6' }).address : address
  return short.replace(MAPPED, '')
}

/** Whether the text is an address of that family. */
export function isAddress(text: string, family: 4 | 6): boolean {
  return family === 4 ? isIPv4(text) : isIPv6(text)
}

/** `10.0.0.1:5672`, `[::1]:5672`. */
export function hostAndPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** Who an address counts for: a household of IPv6 has 64 bits of its own to choose from. */
export function sourceOf(address: string): string {
  const plain = plainAddress(address)
  if (!isIPv6(plain)) return plain
  const [front = '', back] = plain.split('::')
  const groups = front === '' ? [] : front.split(':')
  const after = back === undefined || back === '' ? 0 : back.split(':').length
  while (back !== undefined && groups.length < GROUPS - after) groups.push('0')
  return `${[...groups, ...(back?.split(':') ?? [])].slice(0, GROUPS / 2).join(':')}::/64`
}

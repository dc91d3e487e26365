/** Hashes of 32 bits that are the same on every node, in every version: routes are kept by them. */

const FNV_OFFSET = 0x811c9dc5
const FNV_PRIME = 0x01000193

/** Hash of a text, from 0 to 2^32 - 1; other seeds give hashes that have nothing to do with it [FNV-1a, mixed]. */
export function hashOf(text: string, seed = 0): number {
  let hash = FNV_OFFSET ^ seed
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    hash = Math.imul(hash ^ (unit & 0xff), FNV_PRIME)
    hash = Math.imul(hash ^ (unit >>> 8), FNV_PRIME)
  }
  return mix(hash)
}

/** Spreads 32 bits over 32 others, one to one: each bit of the input changes half of the output [MurmurHash3]. */
export function mix(bits: number): number {
  let hash = bits
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

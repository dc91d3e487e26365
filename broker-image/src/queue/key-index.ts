/** The keys of messages by which duplicates are known: of those in a queue that drops duplicates. */
import { createHash } from 'node:crypto'
import type { Arguments } from '../definitions/model.ts'
import type { FieldValue } from '../wire/field-table.ts'
import { FRAME_HEAD_BYTES, HEADER_FLAGS_OFFSET } from '../wire/frame.ts'
import { readU32 } from '../wire/integers.ts'
import { decodeProperties } from '../wire/properties.ts'
import type { QueueContext } from './context.ts'
import { limitIn } from './integer.ts'
import type { Message } from './message.ts'
import { type WireBytes, wireOf } from './wire-bytes.ts'

/** Value of the argument `x-message-deduplication` that no client can give: the routing key is the key. */
export const BY_ROUTING_KEY = 'routing-key'
/** Bytes of a key that is kept as it is; of a longer one its hash is, so that memory is bounded by the number of keys. */
const KEY_BYTES_MAX = 64
/** Keys that leave with their messages only. */
const UNBOUNDED = { sizeMax: Number.POSITIVE_INFINITY, ttlMs: Number.POSITIVE_INFINITY }

/** The key that the value of a header makes; values that differ in type differ. Undefined: no key. */
export function keyOf(value: FieldValue | undefined): string | undefined {
  if (value === undefined) return undefined
  const text = JSON.stringify(value)
  if (Buffer.byteLength(text) <= KEY_BYTES_MAX) return text
  return createHash('sha256').update(text).digest('base64url')
}

interface KeptKey {
  readonly key: string
  /** Milliseconds since 1970 until which it keeps duplicates out. */
  readonly untilMs: number
}

/** How duplicates are told. */
export interface KeyRules {
  /** Reads the key of a message; undefined when it has none. */
  readonly keyIn: (wire: WireBytes) => string | undefined
  /** Keys kept at most: the oldest goes first. */
  readonly sizeMax: number
  /** Milliseconds that a key lasts; Infinity = as long as its message. */
  readonly ttlMs: number
}

type KeyContext = Pick<QueueContext, 'clock' | 'segments'>

export class KeyIndex {
  readonly #rules: KeyRules
  readonly #context: KeyContext
  /** By sequence number, the oldest first. */
  readonly #keys = new Map<number, KeptKey>()
  readonly #seqs = new Map<string, number>()

  constructor(rules: KeyRules, context: KeyContext) {
    this.#rules = rules
    this.#context = context
  }

  get count(): number {
    return this.#seqs.size
  }

  /** Whether a message with this key is here. */
  has(key: string): boolean {
    const seq = this.#seqs.get(key)
    return seq !== undefined && this.#keys.get(seq)!.untilMs > this.#context.clock.now()
  }

  /** Whether this message is another of those that are here. */
  holds(wire: WireBytes): boolean {
    const key = this.#rules.keyIn(wire)
    return key !== undefined && this.has(key)
  }

  /** A message came; its bytes are in memory. */
  add(message: Message): void {
    const bytes = this.#context.segments.bytes(message.segment)
    const key = bytes === null ? undefined : this.#rules.keyIn(wireOf(bytes, message))
    if (key === undefined) return
    const { seq } = message
    const former = this.#seqs.get(key)
    if (former !== undefined) this.#keys.delete(former)
    this.#keys.set(seq, { key, untilMs: this.#context.clock.now() + this.#rules.ttlMs })
    this.#seqs.set(key, seq)
    if (this.#seqs.size > this.#rules.sizeMax) this.forget(this.#keys.keys().next().value!)
  }

  /** The message left. */
  forget(seq: number): void {
    const kept = this.#keys.get(seq)
    if (kept === undefined) return
    this.#keys.delete(seq)
    this.#seqs.delete(kept.key)
  }
}

/** The index of a queue with these arguments; null when it takes every message. */
export function keyIndexOf(args: Arguments, context: KeyContext): KeyIndex | null {
  const how = args['x-message-deduplication']
  if (how === BY_ROUTING_KEY) return new KeyIndex({ keyIn: routingKeyOf, ...UNBOUNDED }, context)
  if (how !== true) return null
  const header = String(args['x-deduplication-header'] ?? 'x-deduplication-header')
  const bound = (key: string): number => limitIn(args[key])
  const keyIn = (wire: WireBytes): string | undefined => keyOf(headerOf(wire, header))
  return new KeyIndex({ keyIn, sizeMax: bound('x-cache-size'), ttlMs: bound('x-cache-ttl') }, context)
}

function headerOf({ source, start, keyLength }: WireBytes, name: string): FieldValue | undefined {
  const headerAt = start + keyLength + 2
  const end = headerAt + FRAME_HEAD_BYTES + readU32(source, headerAt + 3)
  const { headers } = decodeProperties(source, headerAt + FRAME_HEAD_BYTES + HEADER_FLAGS_OFFSET, end)
  return headers !== undefined && Object.hasOwn(headers, name) ? headers[name] : undefined
}

function routingKeyOf({ source, start, keyLength }: WireBytes): string {
  return source.toString('utf8', start + 2 + source[start]!, start + keyLength)
}

/** Messages that the broker itself writes, in the form in which a publisher's frames stand in the log. */
import { FRAME_BYTES_MAX } from '../limits.ts'
import type { WireBytes } from '../queue/wire-bytes.ts'
import type { FieldValue } from '../wire/field-table.ts'
import {
  CLASS_BASIC,
  FRAME_BODY,
  FRAME_END,
  FRAME_HEAD_BYTES,
  FRAME_HEADER,
  FRAME_OVERHEAD,
  HEADER_FLAGS_OFFSET,
  payloadEnd,
} from '../wire/frame.ts'
import { readU32, writeU32 } from '../wire/integers.ts'
import { decodeProperties, encodeProperties, type Properties, writeProperties } from '../wire/properties.ts'
import { Writer } from '../wire/writer.ts'

/** Beside the body: keys, and properties with one death. */
const WIRE_FORM_BYTES = 512

export interface WireParts {
  readonly exchange: string
  readonly routingKey: string
  readonly properties: Properties
  /** Body frames as they stand on the wire; their channel does not matter. Empty for an empty body. */
  readonly bodyFrames: Buffer
}

/** The wire form of a message, the bytes of its keys and of its body. */
export interface WireForm {
  readonly source: Buffer
  readonly keyLength: number
  readonly size: number
}

/** Builds `exchange | routing key | bits | 0xce | content header frame | body frames`. */
export function encodeWireForm(parts: WireParts): WireForm {
  const { exchange, routingKey, properties, bodyFrames } = parts
  const size = bodyBytes(bodyFrames)
  const writer = new Writer(WIRE_FORM_BYTES + bodyFrames.length)
  writer.shortstr(exchange)
  writer.shortstr(routingKey)
  const keyLength = writer.size
  writer.octet(0)
  writer.octet(FRAME_END)
  writer.octet(FRAME_HEADER)
  writer.short(0)
  writer.sized(() => {
    writer.short(CLASS_BASIC)
    writer.short(0)
    writer.longlong(size)
    writeProperties(writer, properties)
  })
  writer.octet(FRAME_END)
  writer.raw(bodyFrames)
  return { source: writer.bytes(), keyLength, size }
}

/** Whether the content header of a message with these body frames is one that clients take, who have our frame-max. */
export function fitsFrames({ source, keyLength }: WireForm, bodyFrames: Buffer): boolean {
  return source.length - keyLength - 2 - bodyFrames.length <= FRAME_BYTES_MAX
}

/** Reads a message again; its body frames are a view of the same bytes. */
export function readWireForm({ source, start, keyLength, end }: WireBytes): WireParts {
  const keyEnd = start + keyLength
  const keyAt = start + 1 + source[start]!
  const headerAt = keyEnd + 2
  const headerEnd = payloadEnd(source, headerAt)
  return {
    exchange: source.toString('utf8', start + 1, keyAt),
    routingKey: source.toString('utf8', keyAt + 1, keyEnd),
    properties: decodeProperties(source, headerAt + FRAME_HEAD_BYTES + HEADER_FLAGS_OFFSET, headerEnd),
    bodyFrames: source.subarray(headerEnd + 1, end),
  }
}

/** The same message with one header set. */
export function withHeader({ source, start, keyLength, end }: WireBytes, name: string, value: FieldValue): WireBytes {
  const headAt = start + keyLength + 2
  const flagsAt = headAt + FRAME_HEAD_BYTES + HEADER_FLAGS_OFFSET
  const headerEnd = payloadEnd(source, headAt)
  const { headers, ...others } = decodeProperties(source, flagsAt, headerEnd)
  const properties = encodeProperties({ ...others, headers: { ...headers, [name]: value } })
  const written = Buffer.concat([source.subarray(start, flagsAt), properties, source.subarray(headerEnd, end)])
  writeU32(written, keyLength + 2 + 3, HEADER_FLAGS_OFFSET + properties.length)
  return { source: written, start: 0, keyLength, end: written.length }
}

/** Body frames of a message in one buffer, as a publisher sends them. */
export function splitIntoFrames(body: Buffer): Buffer {
  const payloadMax = FRAME_BYTES_MAX - FRAME_OVERHEAD
  const frames: Buffer[] = []
  for (let at = 0; at < body.length; at += payloadMax) {
    const payload = body.subarray(at, at + payloadMax)
    const head = Buffer.alloc(FRAME_HEAD_BYTES)
    head[0] = FRAME_BODY
    writeU32(head, 3, payload.length)
    frames.push(head, payload, Buffer.from([FRAME_END]))
  }
  return Buffer.concat(frames)
}

/** The body that body frames carry; the payload of a single one is not copied. */
export function joinFrames(frames: Buffer): Buffer {
  const payloads: Buffer[] = []
  for (let at = 0; at < frames.length; at = payloadEnd(frames, at) + 1) {
    payloads.push(frames.subarray(at + FRAME_HEAD_BYTES, payloadEnd(frames, at)))
  }
  return payloads.length === 1 ? payloads[0]! : Buffer.concat(payloads)
}

function bodyBytes(frames: Buffer): number {
  let bytes = 0
  for (let at = 0; at < frames.length; at += readU32(frames, at + 3) + FRAME_OVERHEAD) bytes += readU32(frames, at + 3)
  return bytes
}

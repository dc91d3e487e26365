/** The few AMQP 0-9-1 frames the load generator sends, built ahead of time, and the numbers it reads back. */

export const METHOD_FRAME = 1
export const HEADER_FRAME = 2
export const BODY_FRAME = 3
export const FRAME_END = 0xce

/** Class and method of AMQP 0-9-1 as one number, `class << 16 | method`: it is how they stand on the wire. */
export const Method = {
  connectionStart: (10 << 16) | 10,
  connectionStartOk: (10 << 16) | 11,
  connectionTune: (10 << 16) | 30,
  connectionTuneOk: (10 << 16) | 31,
  connectionOpen: (10 << 16) | 40,
  connectionOpenOk: (10 << 16) | 41,
  connectionClose: (10 << 16) | 50,
  connectionCloseOk: (10 << 16) | 51,
  channelOpen: (20 << 16) | 10,
  channelOpenOk: (20 << 16) | 11,
  channelClose: (20 << 16) | 40,
  queueDeclare: (50 << 16) | 10,
  queueDeclareOk: (50 << 16) | 11,
  queueDelete: (50 << 16) | 40,
  queueDeleteOk: (50 << 16) | 41,
  basicQos: (60 << 16) | 10,
  basicQosOk: (60 << 16) | 11,
  basicConsume: (60 << 16) | 20,
  basicConsumeOk: (60 << 16) | 21,
  basicPublish: (60 << 16) | 40,
  basicReturn: (60 << 16) | 50,
  basicDeliver: (60 << 16) | 60,
  basicAck: (60 << 16) | 80,
  basicNack: (60 << 16) | 120,
  confirmSelect: (85 << 16) | 10,
  confirmSelectOk: (85 << 16) | 11,
} as const

/** Unsigned 32 bits, big-endian. Shifts are measurably faster than `readUInt32BE` in a loop of millions. */
export function read32(bytes: Buffer, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
}

export function write32(bytes: Buffer, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

export function uint16(value: number): Buffer {
  return Buffer.from([value >>> 8, value & 255])
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  write32(bytes, 0, value)
  return bytes
}

export function shortString(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([Buffer.from([bytes.length]), bytes])
}

export function longString(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([uint32(bytes.length), bytes])
}

/** One frame: type, channel, size, payload, end octet [AMQP 4.2.3]. */
export function frame(type: number, channel: number, payload: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from([type]),
    uint16(channel),
    uint32(payload.length),
    payload,
    Buffer.from([FRAME_END]),
  ])
}

export function methodFrame(channel: number, method: number, ...args: Buffer[]): Buffer {
  return frame(METHOD_FRAME, channel, Buffer.concat([uint32(method), ...args]))
}

export function declareFrame(queue: string, durable: boolean): Buffer {
  const bits = Buffer.from([durable ? 0b10 : 0])
  return methodFrame(1, Method.queueDeclare, uint16(0), shortString(queue), bits, uint32(0))
}

export function passiveDeclareFrame(queue: string): Buffer {
  return methodFrame(1, Method.queueDeclare, uint16(0), shortString(queue), Buffer.from([1]), uint32(0))
}

export function deleteFrame(queue: string): Buffer {
  return methodFrame(1, Method.queueDelete, uint16(0), shortString(queue), Buffer.from([0]))
}

export function consumeFrame(queue: string, autoAck: boolean): Buffer {
  const bits = Buffer.from([autoAck ? 0b10 : 0])
  return methodFrame(1, Method.basicConsume, uint16(0), shortString(queue), shortString('c'), bits, uint32(0))
}

export function qosFrame(prefetch: number): Buffer {
  return methodFrame(1, Method.basicQos, uint32(0), uint16(prefetch), Buffer.from([0]))
}

/** `basic.ack` of every delivery up to `tag`. */
export function ackFrame(tag: number): Buffer {
  const high = Math.floor(tag / 2 ** 32)
  return methodFrame(1, Method.basicAck, uint32(high), uint32(tag >>> 0), Buffer.from([1]))
}

export type MessageShape = { readonly queue: string; readonly bodyBytes: number; readonly persistent: boolean }

/**
 * A whole publish to the default exchange: method, header and body frames. The body starts with the sequence number
 * (4 bytes, big-endian), four spare bytes and the time of sending (float64); `bodyAt` tells where, for patching in place.
 */
export function publishBytes(shape: MessageShape): { bytes: Buffer; bodyAt: number } {
  const routing = [uint16(0), shortString(''), shortString(shape.queue), Buffer.from([0])]
  const publish = methodFrame(1, Method.basicPublish, ...routing)
  const deliveryMode = Buffer.from([shape.persistent ? 2 : 1])
  const sizes = [uint16(60), uint16(0), uint32(0), uint32(shape.bodyBytes)]
  const header = frame(HEADER_FRAME, 1, Buffer.concat([...sizes, uint16(0x1000), deliveryMode]))
  const body = frame(BODY_FRAME, 1, Buffer.alloc(shape.bodyBytes, 0x78))
  return { bytes: Buffer.concat([publish, header, body]), bodyAt: publish.length + header.length + 7 }
}

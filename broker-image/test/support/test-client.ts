/** An AMQP client for tests: sends frames as told, and decodes what comes back, without an opinion of its own. */
import { decodeMethod, encodeMethodFrame } from '../../src/wire/codec.ts'
import {
  encodeContentFrames,
  FRAME_BODY,
  FRAME_END,
  FRAME_HEAD_BYTES,
  FRAME_HEADER,
  FRAME_HEARTBEAT,
  FRAME_METHOD,
  FRAME_OVERHEAD,
  HEADER_FLAGS_OFFSET,
  PROTOCOL_HEADER,
} from '../../src/wire/frame.ts'
import { readU16, readU32, readU64 } from '../../src/wire/integers.ts'
import { METHODS, type Method, type MethodArgs, type MethodName } from '../../src/wire/methods.ts'
import { decodeProperties, encodeProperties, type Properties } from '../../src/wire/properties.ts'
import type { TestSocket } from './test-socket.ts'

/** Something that the server said: a method, with its content where it has one; a heartbeat; or the end. */
export type Heard =
  | { kind: 'method'; channel: number; method: Method; content?: HeardContent }
  | { kind: 'heartbeat' }
  | { kind: 'protocol header' }
  | { kind: 'closed' }

export interface HeardContent {
  properties: Properties
  body: Buffer
  /** Body frames that it came in. */
  frames: number
}

export interface Message {
  exchange?: string
  routingKey?: string
  mandatory?: boolean
  immediate?: boolean
  properties?: Properties
  body?: Buffer | string
}

export interface LoginOptions {
  /** PLAIN unless told otherwise, with the response that it takes. */
  mechanism?: string
  response?: string
  user?: string
  password?: string
  vhost?: string
  frameMax?: number
  channelMax?: number
  heartbeat?: number
  capabilities?: { [name: string]: boolean }
}

interface Unfinished {
  heard: Heard & { kind: 'method' }
  bodyLeft: number
}

export class TestClient {
  readonly socket: TestSocket
  /** Everything heard that nobody took. */
  heard: Heard[] = []
  frameMax = 131_072
  /** Called with everything that the client says. */
  onSaid: (bytes: Buffer) => void = () => {}
  #unread = Buffer.alloc(0)
  readonly #unfinished = new Map<number, Unfinished>()

  constructor(socket: TestSocket) {
    this.socket = socket
    socket.onClientBytes = bytes => {
      if (bytes === null) this.heard.push({ kind: 'closed' })
      else this.#receive(bytes)
    }
  }

  /** Takes what was heard so far. */
  take(): Heard[] {
    const heard = this.heard
    this.heard = []
    return heard
  }

  bytes(bytes: Buffer): void {
    this.onSaid(bytes)
    this.socket.fromClient(bytes)
  }

  /** From the protocol header to an open virtual host and an open channel 1. */
  login(options: LoginOptions = {}): void {
    const { user = 'guest', password = user, vhost = '/', frameMax = 0, channelMax = 0, heartbeat = 0 } = options
    const capabilities = options.capabilities ?? { consumer_cancel_notify: true, 'connection.blocked': true }
    this.bytes(PROTOCOL_HEADER)
    this.send(0, 'connection.start-ok', {
      clientProperties: { capabilities },
      mechanism: options.mechanism ?? 'PLAIN',
      response: Buffer.from(options.response ?? `\0${user}\0${password}`),
      locale: 'en_US',
    })
    this.send(0, 'connection.tune-ok', { channelMax, frameMax, heartbeat })
    if (frameMax > 0) this.frameMax = frameMax
    this.send(0, 'connection.open', { virtualHost: vhost })
    this.send(1, 'channel.open', {})
  }

  send<N extends MethodName>(channel: number, name: N, args: MethodArgs<N>): void {
    this.bytes(encodeMethodFrame(channel, name, args))
  }

  publish(channel: number, message: Message): void {
    this.bytes(publishFrames(channel, message, this.frameMax))
  }

  #receive(bytes: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, bytes])
    if (this.#unread.subarray(0, PROTOCOL_HEADER.length).equals(PROTOCOL_HEADER)) {
      this.heard.push({ kind: 'protocol header' })
      this.#unread = this.#unread.subarray(PROTOCOL_HEADER.length)
    }
    while (this.#unread.length >= FRAME_OVERHEAD) {
      const end = readU32(this.#unread, 3) + FRAME_OVERHEAD
      if (this.#unread.length < end) return
      this.#frame(this.#unread.subarray(0, end))
      this.#unread = this.#unread.subarray(end)
    }
  }

  #frame(frame: Buffer): void {
    if (frame.length > this.frameMax) throw new Error(`the server sent a frame of ${frame.length} bytes`)
    if (frame.at(-1) !== FRAME_END) throw new Error('the server sent a frame without its end')
    const channel = readU16(frame, 1)
    const payload = frame.subarray(FRAME_HEAD_BYTES, -1)
    if (frame[0] === FRAME_METHOD) this.#method(channel, decodeMethod(payload, 0, payload.length))
    else if (frame[0] === FRAME_HEADER) this.#header(channel, payload)
    else if (frame[0] === FRAME_BODY) this.#body(channel, payload)
    else if (frame[0] === FRAME_HEARTBEAT) this.heard.push({ kind: 'heartbeat' })
    else throw new Error(`the server sent a frame of type ${frame[0]}`)
  }

  #method(channel: number, method: Method): void {
    if (this.#unfinished.has(channel)) throw new Error(`the server sent ${method.name} in the middle of a content`)
    const heard = { kind: 'method', channel, method } as const
    if ('content' in METHODS[method.name]) this.#unfinished.set(channel, { heard, bodyLeft: -1 })
    else this.heard.push(heard)
  }

  #header(channel: number, payload: Buffer): void {
    const unfinished = this.#unfinished.get(channel)
    if (unfinished === undefined || unfinished.bodyLeft >= 0) throw new Error('the server sent a header out of place')
    unfinished.bodyLeft = readU64(payload, 4)
    const properties = decodeProperties(payload, HEADER_FLAGS_OFFSET, payload.length)
    unfinished.heard.content = { properties, body: Buffer.alloc(0), frames: 0 }
    this.#finish(channel, unfinished)
  }

  #body(channel: number, payload: Buffer): void {
    const unfinished = this.#unfinished.get(channel)
    const content = unfinished?.heard.content
    if (unfinished === undefined || content === undefined) throw new Error('the server sent a body out of place')
    content.body = Buffer.concat([content.body, payload])
    content.frames++
    unfinished.bodyLeft -= payload.length
    this.#finish(channel, unfinished)
  }

  #finish(channel: number, { heard, bodyLeft }: Unfinished): void {
    if (bodyLeft > 0) return
    if (bodyLeft < 0) throw new Error('the server sent a body that is longer than announced')
    this.#unfinished.delete(channel)
    this.heard.push(heard)
  }
}

/** The method, header and body frames of one publish. */
export function publishFrames(channel: number, message: Message, frameMax: number): Buffer {
  const { exchange = '', routingKey = '', mandatory = false, immediate = false, properties = {}, body = '' } = message
  return Buffer.concat([
    encodeMethodFrame(channel, 'basic.publish', { exchange, routingKey, mandatory, immediate }),
    encodeContentFrames(channel, encodeProperties(properties), Buffer.from(body), frameMax),
  ])
}

/** A raw AMQP connection of the load generator: one channel, replies as promises, deliveries and confirms counted in place. */
import net from 'node:net'
import tls from 'node:tls'
import {
  BODY_FRAME,
  FRAME_END,
  longString,
  METHOD_FRAME,
  Method,
  methodFrame,
  read32,
  shortString,
  uint16,
  uint32,
} from './wire.ts'

const READ_BYTES = 256 * 1024
const CARRY_BYTES = 256 * 1024
const ZERO = 0x30

/** Where sockets read into. Reads are handed over before the next begins, so all sockets of a process may share one. */
export class ReadBuffer {
  readonly bytes = Buffer.allocUnsafeSlow(READ_BYTES)
}

/** How a connection goes: what it reads into, and whether it speaks TLS. */
export type Way = { readonly buffer?: ReadBuffer; readonly tls?: boolean }

const NO_BYTES = Buffer.alloc(0)

/** What arrives in bulk. `bytes` is the read buffer itself: it is only valid during the call. */
export interface Sink {
  /** A `basic.deliver` with the low 32 bits of its delivery tag, to a consumer by its number. */
  delivery(tag: number, consumer: number): void
  /** A body frame's payload, `bytes[from..to)`. */
  body(bytes: Buffer, from: number, to: number): void
  /** A `basic.ack` from the server with the low 32 bits of its tag. */
  confirm(tag: number, multiple: boolean): void
  /** Everything that one read brought has been handed over. */
  endOfRead(): void
}

/** A method that answers a request: its id, and its arguments copied out of the read buffer. */
export type Reply = { readonly method: number; readonly args: Buffer }

type Waiter = { readonly resolve: (reply: Reply) => void; readonly reject: (error: Error) => void }

export class AmqpSocket {
  readonly socket: net.Socket
  readonly #sink: Sink
  readonly #waiters: Waiter[] = []
  #carry = NO_BYTES
  #carried = 0
  #failure: Error | undefined
  #closing = false
  readonly #onFailure: (error: Error) => void

  /** `onFailure` hears of a broken connection or a refusal by the server once, when nobody waits for a reply. */
  constructor(port: number, sink: Sink, onFailure: (error: Error) => void, way: Way = {}) {
    this.#sink = sink
    this.#onFailure = onFailure
    const buffer = (way.buffer ?? new ReadBuffer()).bytes
    const callback = (bytes: number) => {
      this.#feed(buffer, bytes)
      return true
    }
    const options = { port, host: '127.0.0.1', onread: { buffer, callback } }
    // The certificate is one of a minute ago, made for this run: there is nothing to hold it against.
    this.socket = way.tls ? tls.connect({ ...options, rejectUnauthorized: false }) : net.connect(options)
    this.socket.setNoDelay(true)
    this.socket.on('error', error => this.#fail(error))
    this.socket.on('close', () => this.#fail(new Error('the server closed the connection')))
  }

  /** Resolves with the next reply, which must be `method`. */
  async expect(method: number): Promise<Reply> {
    if (this.#failure) throw this.#failure
    const reply = await new Promise<Reply>((resolve, reject) => this.#waiters.push({ resolve, reject }))
    if (reply.method !== method) throw new Error(`expected ${name(method)}, the server sent ${name(reply.method)}`)
    return reply
  }

  /** Sends a request and waits for its reply. */
  async call(request: Buffer, replyMethod: number): Promise<Reply> {
    const reply = this.expect(replyMethod)
    this.socket.write(request)
    return await reply
  }

  /** Logs in as guest and opens channel 1; heartbeats are switched off. */
  async open(): Promise<void> {
    await this.call(Buffer.from('AMQP\x00\x00\x09\x01', 'latin1'), Method.connectionStart)
    const login = [uint32(0), shortString('PLAIN'), longString('\0guest\0guest'), shortString('en_US')]
    const tune = await this.call(methodFrame(0, Method.connectionStartOk, ...login), Method.connectionTune)
    const channelMax = tune.args.subarray(0, 2)
    const frameMax = tune.args.subarray(2, 6)
    this.socket.write(methodFrame(0, Method.connectionTuneOk, channelMax, frameMax, uint16(0)))
    const virtualHost = [shortString('/'), shortString(''), Buffer.from([0])]
    await this.call(methodFrame(0, Method.connectionOpen, ...virtualHost), Method.connectionOpenOk)
    await this.call(methodFrame(1, Method.channelOpen, shortString('')), Method.channelOpenOk)
  }

  /** Ends the connection without a word. */
  drop(): void {
    this.#closing = true
    this.socket.destroy()
  }

  async close(): Promise<void> {
    this.#closing = true
    const closed = new Promise(resolve => this.socket.once('close', resolve))
    const reason = [uint16(200), shortString('bye'), uint16(0), uint16(0)]
    await this.call(methodFrame(0, Method.connectionClose, ...reason), Method.connectionCloseOk)
    this.socket.destroy()
    await closed
  }

  #feed(bytes: Buffer, end: number): void {
    try {
      this.#frames(bytes, this.#completeCarried(bytes, end), end)
      this.#sink.endOfRead()
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)))
      this.socket.destroy()
    }
  }

  /** Finishes the frame that the last read cut, and returns where the next frame starts. */
  #completeCarried(bytes: Buffer, end: number): number {
    let at = 0
    while (this.#carried > 0) {
      const need = this.#carried < 7 ? 7 : read32(this.#carry, 3) + 8
      if (need > CARRY_BYTES) throw new Error(`a frame of ${need} bytes`)
      const taken = Math.min(need - this.#carried, end - at)
      bytes.copy(this.#carry, this.#carried, at, at + taken)
      this.#carried += taken
      at += taken
      if (this.#carried < need) return end
      if (need > 7) {
        this.#carried = 0
        this.#frames(this.#carry, 0, need)
      }
    }
    return at
  }

  #frames(bytes: Buffer, start: number, end: number): void {
    let at = start
    while (end - at >= 8) {
      const next = at + 8 + read32(bytes, at + 3)
      if (next > end) break
      if (bytes[next - 1] !== FRAME_END) throw new Error('a frame without its end octet')
      const type = bytes[at]
      if (type === BODY_FRAME) this.#sink.body(bytes, at + 7, next - 1)
      else if (type === METHOD_FRAME) this.#method(bytes, at, next)
      at = next
    }
    if (at < end) {
      if (this.#carry.length === 0) this.#carry = Buffer.allocUnsafeSlow(CARRY_BYTES)
      bytes.copy(this.#carry, 0, at, end)
      this.#carried = end - at
    }
  }

  #method(bytes: Buffer, at: number, next: number): void {
    const method = read32(bytes, at + 7)
    if (method === Method.basicDeliver) {
      const tagAt = at + 12 + bytes[at + 11]!
      this.#sink.delivery(read32(bytes, tagAt + 4), digits(bytes, at + 13, tagAt))
    } else if (method === Method.basicAck) this.#sink.confirm(read32(bytes, at + 15), (bytes[at + 19]! & 1) === 1)
    else this.#reply(method, Buffer.from(bytes.subarray(at + 11, next - 1)))
  }

  #reply(method: number, args: Buffer): void {
    if (method === Method.connectionClose || method === Method.channelClose) {
      const code = args.readUInt16BE(0)
      throw new Error(`the server refused: ${code} ${args.toString('utf8', 3, 3 + args[2]!)}`)
    }
    const waiter = this.#waiters.shift()
    if (waiter === undefined) throw new Error(`unexpected ${name(method)}`)
    waiter.resolve({ method, args })
  }

  #fail(error: Error): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    const nobodyWaits = this.#waiters.length === 0
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error)
    if (nobodyWaits && !this.#closing) this.#onFailure(error)
  }
}

/** The number that stands in `bytes[from..to)` as decimal digits. */
function digits(bytes: Buffer, from: number, to: number): number {
  let value = 0
  for (let at = from; at < to; at++) value = value * 10 + bytes[at]! - ZERO
  return value
}

function name(method: number): string {
  const known = Object.entries(Method).find(([, id]) => id === method)
  return known?.[0] ?? `method ${method >>> 16}.${method & 0xffff}`
}

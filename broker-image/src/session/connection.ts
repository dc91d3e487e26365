/**
 * A client connection: bytes in, frames to channels, errors to closes. Everything that a client does wrong ends here,
 * in one of two ways: a `ChannelError` closes its channel, a `ConnectionError` the connection.
 */
import type { Socket } from 'node:net'
import type { Broker } from '../broker.ts'
import type { Timer } from '../clock.ts'
import type { Arguments } from '../definitions/model.ts'
import { CLOSE_MS_MAX, FRAME_BYTES_MAX, UNSENT_BYTES_MAX } from '../limits.ts'
import type { Queue } from '../queue/queue.ts'
import { NOBODY } from '../reports/reports.ts'
import { hostAndPort } from '../transport/address.ts'
import { type Origin, originOf } from '../transport/origin.ts'
import { decodeMethod, encodeMethodFrame } from '../wire/codec.ts'
import { ChannelError, ConnectionError } from '../wire/errors.ts'
import {
  FRAME_BODY,
  FRAME_END,
  FRAME_HEAD_BYTES,
  FRAME_HEADER,
  FRAME_HEARTBEAT,
  FRAME_METHOD,
  FRAME_OVERHEAD,
  heartbeatFrame,
  METHOD_ID,
} from '../wire/frame.ts'
import { readU16, readU32 } from '../wire/integers.ts'
import type { Method, MethodArgs, MethodName } from '../wire/methods.ts'
import { Blocking } from './blocking.ts'
import type { Channel } from './channel.ts'
import { channelMethod, channelOf } from './channel-methods.ts'
import { closeArgs } from './close-args.ts'
import { FrameInput } from './frame-input.ts'
import { Handshake } from './handshake.ts'
import { Heartbeat } from './heartbeat.ts'
import type { Tuned } from './negotiation.ts'
import { Outbox } from './outbox.ts'
import { connectionClosed, connectionCreated } from './session-events.ts'

/** `running` is open, `closing` waits for `connection.close-ok`; nothing is taken from a client that is `closed`. */
type State = 'handshake' | 'running' | 'closing' | 'closed'

export class Connection {
  readonly broker: Broker
  readonly outbox: Outbox
  readonly blocking: Blocking
  readonly channels = new Map<number, Channel>()
  readonly exclusiveQueues = new Set<Queue>()
  /** Behind proxies two connections may have the same. */
  readonly name: string
  readonly origin: Origin
  readonly connectedAtMs: number
  authMechanism = 'PLAIN'
  clientProperties: Arguments = {}
  /** The client asked to hear when a consumer's queue goes. */
  wantsCancelNotify = false
  user = ''
  /** The user may publish in the name of others [RabbitMQ tag `impersonator`]. */
  isImpersonator = false
  vhost = ''
  frameMax = FRAME_BYTES_MAX
  channelMax: number
  heartbeatSeconds = 0
  receivedBytes = 0
  /** The client is a publisher: it waits while an alarm is on. */
  hasPublished = false
  readonly #socket: Socket
  readonly #input: FrameInput
  readonly #holders = new Set<object>()
  #state: State = 'handshake'
  /** Null once the connection is open. */
  #handshake: Handshake | null = new Handshake(this)
  /** Why frames that are here are not taken yet: a `basic.get` is under way, or its answers fill the outbox. */
  #waitsFor: 'nothing' | 'get' | 'room' = 'nothing'
  #deadline: Timer | undefined
  #heartbeat: Heartbeat | undefined

  constructor(broker: Broker, socket: Socket, origin: Origin = originOf(socket)) {
    this.broker = broker
    this.#socket = socket
    this.origin = origin
    this.name = `${hostAndPort(origin.peerHost, origin.peerPort)} -> ${hostAndPort(origin.host, origin.port)}`
    this.connectedAtMs = broker.clock.now()
    this.channelMax = broker.config.channelMax
    this.outbox = new Outbox(socket, broker.turn, broker.outboxes, () => this.#drained())
    this.#input = new FrameInput(FRAME_BYTES_MAX, (buffer, start, end) => this.#frames(buffer, start, end))
    this.blocking = new Blocking(broker.alarms, this)
    this.#deadline = broker.clock.after(broker.config.handshakeTimeoutMs, () => this.destroy())
    socket.on('data', chunk => this.receive(chunk))
    socket.on('close', () => this.#closed())
    socket.on('error', () => socket.destroy())
    socket.on('end', () => this.destroy())
  }

  get state(): string {
    return this.#state
  }

  get sentBytes(): number {
    return this.outbox.sentBytes
  }

  /** Nothing is read from the socket now. */
  get isHeld(): boolean {
    return this.#holders.size > 0
  }

  /** Stops reading from the socket until every `holder` has called `resume`. */
  pause(holder: object): void {
    this.#holders.add(holder)
    this.#socket.pause()
  }

  resume(holder: object): void {
    if (this.#holders.delete(holder) && this.#holders.size === 0) this.#socket.resume()
  }

  /** Closes the connection from our side and says why. */
  close(reason: string): void {
    this.#fail(new ConnectionError('CONNECTION_FORCED', reason), 0, 0)
  }

  /** Ends the connection, and takes nothing more from the client. */
  leave(): void {
    this.#state = 'closed'
    this.destroy()
  }

  /** Ends the connection without another word; a peer that reads nothing gets no more time for what was said. */
  destroy(): void {
    this.outbox.endTurn()
    this.#socket.destroySoon()
    this.#endBy(CLOSE_MS_MAX)
  }

  #endBy(delayMs: number): void {
    this.#deadline?.cancel()
    this.#deadline = this.broker.clock.after(delayMs, () => this.#socket.destroy())
  }

  /** An alarm went on or off. */
  alarmsChanged(): void {
    this.blocking.update(this.hasPublished)
  }

  /** Takes bytes from the client; the chunk may be used again once this returns. */
  receive(chunk: Buffer): void {
    this.receivedBytes += chunk.length
    if (this.#state !== 'closed') this.#feed(this.#handshake === null ? chunk : this.#handshake.framesIn(chunk))
  }

  #feed(chunk: Buffer): void {
    this.broker.reports.actor = this
    try {
      this.#input.feed(chunk)
    } catch (error) {
      this.#failed(error, 0, 0)
    }
    this.broker.reports.actor = NOBODY
    if (this.#input.hasLeft || this.#socket.writableLength > UNSENT_BYTES_MAX) this.pause(this.outbox)
    if (this.hasPublished) this.#holdBack()
    this.broker.turn.wake()
  }

  /** Frames behind a `basic.get` wait for its answer: a few bytes may bring a large message. */
  getBegins(): void {
    this.#waitsFor = 'get'
  }

  /** The answer stands in the outbox, or nobody wants it. */
  getEnds(): void {
    const isFull = this.outbox.unsentBytes > UNSENT_BYTES_MAX
    this.#waitsFor = isFull ? 'room' : 'nothing'
    if (isFull) this.outbox.congested = true
    else if (this.#input.hasLeft) setImmediate(this.#goOn)
  }

  /** Takes the frames that wait. */
  readonly #goOn = (): void => {
    if (this.#waitsFor !== 'nothing' || this.outbox.congested) return
    if (this.#state !== 'closed') this.#feed(this.#input.takeLeft())
    if (!this.#input.hasLeft && this.#socket.writableLength <= UNSENT_BYTES_MAX) this.resume(this.outbox)
  }

  /** A publisher waits while the disk is behind, or something is short. */
  #holdBack(): void {
    if (this.broker.isLogBehind) this.broker.holdPublisher(this)
    if (this.broker.alarms.any) this.blocking.update(true)
  }

  /** Sends a method of the connection itself. */
  send<N extends MethodName>(name: N, args: MethodArgs<N>): void {
    this.outbox.write(encodeMethodFrame(0, name, args))
  }

  #frames(buffer: Buffer, start: number, end: number): number {
    let at = start
    while (end - at >= FRAME_OVERHEAD && this.#state !== 'closed' && this.#waitsFor === 'nothing') {
      const frameEnd = at + this.#input.frameBytes(buffer, at)
      if (frameEnd > end) break
      if (buffer[frameEnd - 1] !== FRAME_END) throw new ConnectionError('FRAME_ERROR', 'frame end octet is missing')
      at = this.#frame(buffer, at, frameEnd, end)
    }
    return this.#state === 'closed' ? end : at
  }

  /** Handles the frame at `[at, frameEnd)`; a publish may take its content frames with it. Answers the offset behind. */
  #frame(buffer: Buffer, at: number, frameEnd: number, end: number): number {
    const number = readU16(buffer, at + 1)
    const type = buffer[at]!
    const method =
      type === FRAME_METHOD && frameEnd - at >= FRAME_OVERHEAD + 4 ? readU32(buffer, at + FRAME_HEAD_BYTES) : 0
    try {
      if (method === METHOD_ID.BASIC_PUBLISH && this.#state === 'running') {
        const channel = channelOf(this, number)
        if (channel.closing) return frameEnd
        channel.assembly.refuseMethod()
        this.hasPublished = true
        return channel.assembly.method(buffer, at, frameEnd, end)
      }
      if (type === FRAME_METHOD) this.#method(number, decodeMethod(buffer, at + FRAME_HEAD_BYTES, frameEnd - 1))
      else if (type === FRAME_HEARTBEAT) this.#heartbeatFrame(number)
      else this.#content(type, number, buffer, at, frameEnd)
    } catch (error) {
      this.#failed(error, number, method)
    }
    return frameEnd
  }

  #heartbeatFrame(number: number): void {
    if (number !== 0) throw new ConnectionError('UNEXPECTED_FRAME', `heartbeat on channel ${number}`)
  }

  #content(type: number, number: number, buffer: Buffer, at: number, frameEnd: number): void {
    if (this.#state !== 'running') return
    const channel = channelOf(this, number)
    if (channel.closing) return
    if (type === FRAME_HEADER) channel.assembly.header(buffer, at, frameEnd)
    else if (type === FRAME_BODY) channel.assembly.body(buffer, at, frameEnd)
  }

  #method(number: number, method: Method): void {
    if (this.#state === 'closing') {
      if (method.name === 'connection.close-ok') this.destroy()
      else if (method.name === 'connection.close') this.send('connection.close-ok', {})
      return
    }
    if (number === 0) this.#connectionMethod(method)
    else if (this.#state !== 'running') throw new ConnectionError('CHANNEL_ERROR', 'the connection is not open yet')
    else channelMethod(this, number, method)
  }

  #connectionMethod(method: Method): void {
    if (method.name === 'connection.close') {
      this.#release()
      this.send('connection.close-ok', {})
      this.leave()
    } else if (this.#handshake !== null) this.#handshake.method(method)
    else if (method.name === 'connection.update-secret') this.send('connection.update-secret-ok', {})
    else throw new ConnectionError('COMMAND_INVALID', `unexpected method ${method.name}`)
  }

  /** What was agreed on holds from here, and heartbeats begin. */
  tune({ channelMax, frameMax, heartbeatSeconds }: Tuned): void {
    this.channelMax = channelMax
    this.frameMax = frameMax === 0 ? FRAME_BYTES_MAX : frameMax
    this.#input.frameMax = this.frameMax
    this.heartbeatSeconds = heartbeatSeconds
    this.#heartbeat = new Heartbeat(this.broker.clock, heartbeatSeconds, this, {
      beat: () => this.outbox.write(heartbeatFrame()),
      missed: () => this.#socket.destroy(),
    })
  }

  /** Lets the client in: it may open channels. */
  open(vhost: string): void {
    this.vhost = vhost
    this.#state = 'running'
    this.#handshake = null
    this.#deadline?.cancel()
    this.broker.connections.add(this)
    connectionCreated(this)
    this.send('connection.open-ok', {})
    this.broker.logger.debug({ connection: this.name, user: this.user, vhost }, 'connection opened')
  }

  /** The one place where a client's errors end. Anything else is a bug and goes up. */
  #failed(error: unknown, channelNumber: number, method: number): void {
    if (error instanceof ChannelError && this.channels.has(channelNumber)) {
      this.failChannel(error, this.channels.get(channelNumber)!, method)
    } else if (error instanceof ConnectionError || error instanceof ChannelError) {
      this.#fail(error, channelNumber, method)
    } else throw error
  }

  /** Closes a channel for an error of its client. */
  failChannel(error: ChannelError, channel: Channel, method: number): void {
    channel.release()
    channel.reply('channel.close', closeArgs(error, method))
  }

  #fail(error: ConnectionError | ChannelError, channelNumber: number, method: number): void {
    if (this.#state === 'closing' || this.#state === 'closed') return
    this.broker.logger.info(
      { connection: this.name, channel: channelNumber, error: error.message },
      'connection closed',
    )
    this.#release()
    this.#state = 'closing'
    this.send('connection.close', closeArgs(error, method))
    this.#endBy(CLOSE_MS_MAX)
  }

  #drained(): void {
    if (this.#waitsFor === 'room') this.#waitsFor = 'nothing'
    if (this.#input.hasLeft) setImmediate(this.#goOn)
    else this.resume(this.outbox)
    for (const channel of this.channels.values()) channel.wakeConsumers()
  }

  #closed(): void {
    this.#state = 'closed'
    this.#deadline?.cancel()
    this.#heartbeat?.stop()
    this.#release()
  }

  /** Gives back everything that the client held. Consumers go first, so that nothing is delivered to them again. */
  #release(): void {
    this.broker.releasePublisher(this)
    if (this.broker.connections.delete(this)) connectionClosed(this)
    for (const channel of this.channels.values()) channel.cancelConsumers()
    for (const channel of this.channels.values()) {
      channel.forgetAnswers()
      channel.release()
    }
    this.channels.clear()
    for (const queue of this.exclusiveQueues) this.broker.deleteQueue(queue)
    this.exclusiveQueues.clear()
  }
}

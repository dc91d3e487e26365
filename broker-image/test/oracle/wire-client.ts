/** A test client on a real TCP connection, which knows when its broker has said all it had to say. */
import { once } from 'node:events'
import net from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { encodeMethodFrame } from '../../src/wire/codec.ts'
import { METHODS, type MethodArgs, type MethodName } from '../../src/wire/methods.ts'
import type { Values } from '../support/script.ts'
import { type Heard, TestClient } from '../support/test-client.ts'
import { TestSocket } from '../support/test-socket.ts'

/** How long an answer that must come may take. */
const ANSWER_MS = 5_000
const POLL_MS = 4

export class WireClient {
  readonly client: TestClient
  readonly #socket: net.Socket
  #lastHeardAt = performance.now()
  /** Channels that the broker closed, 0 for all: nothing is answered there until the client agrees. */
  readonly #closed = new Set<number>()
  /** What the broker owes: a test for each, on what was heard. */
  #owed: ((heard: Heard) => boolean)[] = []

  private constructor(socket: net.Socket) {
    this.#socket = socket
    const near = new TestSocket(0)
    near.on('data', bytes => socket.write(Buffer.from(bytes as Buffer)))
    near.on('end', () => socket.destroy())
    this.client = new TestClient(near)
    socket.on('data', bytes => {
      this.#lastHeardAt = performance.now()
      near.write(bytes, () => {})
    })
    // A reset is an end as well: what counts is what was said before.
    socket.on('error', () => {})
    socket.on('close', () => near.destroy())
  }

  static async connect(port: number): Promise<WireClient> {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    return new WireClient(socket)
  }

  get isClosed(): boolean {
    return this.#socket.destroyed
  }

  leave(): void {
    this.#socket.destroy()
  }

  /** The next `settle` waits for this as well. */
  owes(isAnswer: (heard: Heard) => boolean): void {
    this.#owed.push(isAnswer)
  }

  /** Sends a method; the broker owes its answer, or a close. */
  send<N extends MethodName>(channel: number, name: N, args: Values): void {
    this.client.bytes(encodeMethodFrame(channel, name, args as MethodArgs<N>))
    if (name === 'channel.close-ok') this.#closed.delete(channel)
    if (this.#closed.has(channel) || this.#closed.has(0)) return
    const isAnswered = args['noWait'] !== true && (`${name}-ok` in METHODS || name === 'basic.get')
    if (isAnswered) this.owes(heard => isAnswer(heard, channel, name))
  }

  /** Waits for what is owed, or for the end. */
  async answered(): Promise<void> {
    const end = performance.now() + ANSWER_MS
    const isOwed = () => this.#owed.some(isAnswer => !this.client.heard.some(isAnswer))
    while (!this.isClosed && isOwed() && !this.client.heard.some(isConnectionClose) && performance.now() < end) {
      await delay(POLL_MS)
    }
    this.#owed = []
    for (const heard of this.client.heard) {
      if (isClose(heard)) this.#closed.add(heard.channel)
    }
  }

  /** Milliseconds since something was heard. */
  get quietMs(): number {
    return performance.now() - this.#lastHeardAt
  }
}

const isClose = (heard: Heard): heard is Heard & { kind: 'method' } =>
  heard.kind === 'method' && (heard.method.name === 'channel.close' || heard.method.name === 'connection.close')

export const isConnectionClose = (heard: Heard): boolean =>
  heard.kind === 'method' && heard.method.name === 'connection.close'

function isAnswer(heard: Heard, channel: number, name: MethodName): boolean {
  if (heard.kind !== 'method' || heard.channel !== channel) return false
  return heard.method.name.startsWith(`${name}-`) || heard.method.name === 'channel.close'
}

/**
 * Closes channels that leave a delivery unsettled for longer than `consumer_timeout` [RabbitMQ "Delivery
 * Acknowledgement Timeout"]. Deliveries carry no time: now and then the newest delivery tag of each channel is noted with
 * the time, and an unsettled delivery is as old as the first note that covers it. So a channel is closed at its timeout
 * or up to a few of these steps later, and never before.
 */
import type { Clock, Timer } from '../clock.ts'
import { ChannelError } from '../wire/errors.ts'
import type { Channel } from './channel.ts'
import type { Connection } from './connection.ts'

/** Longest time between two looks, as RabbitMQ has it. */
const STEP_MS_MAX = 60_000
/** Notes of a channel, at most. */
const NOTES_MAX = 64
/** Looks within one timeout that is short. */
const LOOKS_MIN = 10

/** At `atMs` the newest delivery had this tag. */
interface Note {
  readonly tag: number
  readonly atMs: number
}

export class ConsumerTimeout {
  readonly #clock: Clock
  readonly #connections: ReadonlySet<Connection>
  readonly #timeoutMs: number
  readonly #notes = new WeakMap<Channel, Note[]>()
  #timer: Timer | undefined

  constructor(clock: Clock, connections: ReadonlySet<Connection>, timeoutMs: number) {
    this.#clock = clock
    this.#connections = connections
    this.#timeoutMs = timeoutMs
    this.#wait()
  }

  stop(): void {
    this.#timer?.cancel()
  }

  #wait(): void {
    const stepMs = Math.min(Math.ceil(this.#timeoutMs / LOOKS_MIN), STEP_MS_MAX)
    this.#timer = this.#clock.after(stepMs, () => {
      this.#wait()
      for (const connection of [...this.#connections]) {
        for (const channel of [...connection.channels.values()]) this.#look(channel)
      }
    })
  }

  #look(channel: Channel): void {
    const oldest = channel.unacked.oldestTag
    const now = this.#clock.now()
    const notes = (this.#notes.get(channel) ?? []).filter(({ tag }) => oldest > 0 && tag >= oldest)
    if (notes.length > 0 && now - notes[0]!.atMs > this.#timeoutMs) {
      this.#notes.delete(channel)
      channel.connection.failChannel(timedOut(channel, this.#timeoutMs), channel, 0)
      return
    }
    const last = notes.at(-1)
    const isNew = oldest > 0 && (last === undefined || last.tag < channel.lastDeliveryTag)
    if (isNew && now - (last?.atMs ?? 0) >= this.#timeoutMs / NOTES_MAX) {
      notes.push({ tag: channel.lastDeliveryTag, atMs: now })
    }
    if (notes.length > 0) this.#notes.set(channel, notes)
    else this.#notes.delete(channel)
  }
}

function timedOut({ number }: Channel, timeoutMs: number): ChannelError {
  const advice = 'This timeout value can be configured, see consumers doc guide to learn more'
  return new ChannelError(
    'PRECONDITION_FAILED',
    `delivery acknowledgement on channel ${number} timed out. Timeout value used: ${timeoutMs} ms. ${advice}`,
  )
}

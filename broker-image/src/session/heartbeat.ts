/** Heartbeats both ways [AMQP 4.2.7]: sent when we are silent, missed when the peer is. */
import type { Clock, Timer } from '../clock.ts'

/** What a heartbeat watches: octets so far in each direction. */
export interface Traffic {
  readonly receivedBytes: number
  readonly sentBytes: number
  /** We do not read, so that we can not know what the peer sends. */
  readonly isHeld: boolean
}

export class Heartbeat {
  readonly #clock: Clock
  readonly #periodMs: number
  readonly #traffic: Traffic
  readonly #actions: { beat(): void; missed(): void }
  #timer: Timer | undefined
  #received = 0
  #sent = 0
  #silentPeriods = 0

  /** Checks twice an interval: the peer is gone after two intervals of silence, as RabbitMQ has it. */
  constructor(clock: Clock, intervalSeconds: number, traffic: Traffic, actions: { beat(): void; missed(): void }) {
    this.#clock = clock
    this.#periodMs = (intervalSeconds * 1000) / 2
    this.#traffic = traffic
    this.#actions = actions
    if (intervalSeconds > 0) this.#arm()
  }

  stop(): void {
    this.#timer?.cancel()
  }

  #arm(): void {
    this.#timer = this.#clock.after(this.#periodMs, () => this.#check())
  }

  #check(): void {
    const { receivedBytes, sentBytes, isHeld } = this.#traffic
    this.#silentPeriods = receivedBytes === this.#received && !isHeld ? this.#silentPeriods + 1 : 0
    if (this.#silentPeriods >= SILENT_PERIODS_MAX) {
      this.#actions.missed()
      return
    }
    if (sentBytes === this.#sent) this.#actions.beat()
    this.#received = receivedBytes
    this.#sent = this.#traffic.sentBytes
    this.#arm()
  }
}

/** Half intervals without an octet from the peer. */
const SILENT_PERIODS_MAX = 4

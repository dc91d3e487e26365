/** Leader election over one Lease: who may write. Other operators watch, and wait. */

import type { Logger } from '../log.ts'
import type { Clock, Random } from './clock.ts'

/** The spec of a `coordination.k8s.io/v1` Lease, with the version that a compare-and-swap is made on. */
export interface Lease {
  /** Undefined only on a Lease that is yet to be created. */
  resourceVersion?: string
  /** Empty when nobody holds it. */
  holderIdentity: string
  leaseDurationSeconds: number
  leaseTransitions: number
  acquireTimeMs: number
  renewTimeMs: number
}

/** Reads and compare-and-swaps one Lease. `put` raises when the Lease has changed, or exists already, since it was read. */
export interface LeaseClient {
  get(): Promise<Lease | undefined>
  put(lease: Lease): Promise<Lease>
}

export interface LeaderTimings {
  /** Others take the Lease when they have seen no renewal for so long. */
  leaseMs: number
  /** The leader steps down when it has not renewed for so long; the rest of the lease is for its workers to stop. */
  renewDeadlineMs: number
  /** Between attempts to renew, and (jittered up to twice as long) to acquire. */
  retryMs: number
}

export const LEADER_TIMINGS: LeaderTimings = { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2000 }

export interface LeaderOptions {
  client: LeaseClient
  /** Unique to this process, also across restarts of one pod. */
  identity: string
  timings: LeaderTimings
  clock: Clock
  random: Random
  log: Logger
  /** Called once when the Lease is ours. */
  lead(): void
  /** Called before the Lease can pass to another; resolves when nothing is written any more. */
  stepDown(): Promise<void>
}

/**
 * Campaigns, leads, steps down. Whether another's Lease has expired is judged by how long *we* saw no change of it, so
 * clocks need not agree. Two leaders may still overlap (a process stopped and continued): writes must bear that.
 */
export class LeaderElector {
  readonly #options: LeaderOptions
  #stopped = false
  #leads = false
  /** When the request that last renewed our Lease was sent. */
  #renewedMs = 0
  /** Another's Lease, and when we first saw it in this state. */
  #seen: { version: string | undefined; sinceMs: number } = { version: undefined, sinceMs: 0 }
  /** Ends the wait that is under way. */
  #wake: () => void = () => {}

  constructor(options: LeaderOptions) {
    this.#options = options
  }

  get leads(): boolean {
    return this.#leads
  }

  /** Campaigns until elected, then leads until stopped or until the Lease is lost; `stepDown` has ended by then. */
  async run(): Promise<'stopped' | 'lost'> {
    const { identity, log, lead, stepDown } = this.#options
    const elected = await this.#campaign()
    if (elected && !this.#stopped) {
      log.info({ identity }, 'leading')
      this.#leads = true
      lead()
      await this.#reign()
      await stepDown()
      this.#leads = false
    }
    if (!this.#stopped) {
      log.error({ identity }, 'lost the lease')
      return 'lost'
    }
    if (elected) await this.#release()
    return 'stopped'
  }

  /** Steps down and gives the Lease free, so that another need not wait for its end. `run` resolves then. */
  stop(): void {
    this.#stopped = true
    this.#wake()
  }

  async #campaign(): Promise<boolean> {
    const { retryMs } = this.#options.timings
    while (!this.#stopped) {
      if (await this.#tryAcquire()) return true
      if (!this.#stopped) await this.#wait(retryMs * (1 + this.#options.random()))
    }
    return false
  }

  async #tryAcquire(): Promise<boolean> {
    const { clock, client, identity, log } = this.#options
    const sentMs = clock.now()
    try {
      const held = await client.get()
      if (held !== undefined && !this.#isFree(held)) return false
      await client.put(this.#claim(held))
      this.#renewedMs = sentMs
      return true
    } catch (error) {
      log.debug({ identity, problem: String(error) }, 'did not acquire the lease')
      return false
    }
  }

  /** A Lease of our own name is one of an earlier run of this identity, which has ended. */
  #isFree(held: Lease): boolean {
    const { clock, identity } = this.#options
    if (held.holderIdentity === '' || held.holderIdentity === identity) return true
    if (this.#seen.version !== held.resourceVersion) {
      this.#seen = { version: held.resourceVersion, sinceMs: clock.now() }
    }
    return clock.now() - this.#seen.sinceMs >= held.leaseDurationSeconds * 1000
  }

  #claim(held: Lease | undefined): Lease {
    const { clock, identity, timings } = this.#options
    const nowMs = clock.now()
    const version = held?.resourceVersion === undefined ? {} : { resourceVersion: held.resourceVersion }
    return {
      ...version,
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(timings.leaseMs / 1000),
      leaseTransitions: (held?.leaseTransitions ?? -1) + 1,
      acquireTimeMs: nowMs,
      renewTimeMs: nowMs,
    }
  }

  /** Renews until stopped, until another holds the Lease, or until the deadline passes without a renewal. */
  async #reign(): Promise<void> {
    const { clock, timings } = this.#options
    const leftMs = () => this.#renewedMs + timings.renewDeadlineMs - clock.now()
    let holds = true
    while (holds && !this.#stopped) {
      await this.#wait(Math.min(timings.retryMs, leftMs()))
      // A renewal that hangs must not carry us past the deadline; it may still arrive, which harms nobody.
      if (!this.#stopped) holds = await this.#wait(leftMs(), this.#renew())
      if (leftMs() <= 0) holds = false
    }
  }

  /** False when another holds the Lease. A failed attempt is not the end: the deadline decides. */
  async #renew(): Promise<boolean> {
    const { client, clock, identity, log } = this.#options
    const sentMs = clock.now()
    try {
      const held = await client.get()
      if (held !== undefined && held.holderIdentity !== identity) return false
      await client.put({ ...this.#claim(held), ...(held && keepOf(held)) })
      this.#renewedMs = sentMs
    } catch (error) {
      log.warn({ identity, problem: String(error) }, 'did not renew the lease')
    }
    return true
  }

  async #release(): Promise<void> {
    const { client, identity, log } = this.#options
    try {
      const held = await client.get()
      if (held?.holderIdentity === identity) await client.put({ ...held, holderIdentity: '', leaseDurationSeconds: 1 })
    } catch (error) {
      log.warn({ problem: String(error) }, 'did not release the lease')
    }
  }

  /** Waits for `ms`, for `stop` or for `sooner`, whichever is first. Answers what `sooner` did, else false. */
  #wait(ms: number, sooner?: Promise<boolean>): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const end = (value: boolean) => {
        cancel()
        resolve(value)
      }
      const cancel = this.#options.clock.after(Math.max(0, ms), () => resolve(false))
      this.#wake = () => end(false)
      sooner?.then(end, reject)
    })
  }
}

/** What a renewal leaves as it is. */
function keepOf(held: Lease): Pick<Lease, 'leaseTransitions' | 'acquireTimeMs'> {
  return { leaseTransitions: held.leaseTransitions, acquireTimeMs: held.acquireTimeMs }
}

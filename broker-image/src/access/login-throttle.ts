/**
 * Bounds the guessing of passwords: an address may fail so often, and is forgiven so many failures a second. Once it has
 * no failure left, its logins are refused unseen, right ones too: else a guesser would see which guess was not refused.
 * Others are not concerned.
 */
import type { Clock } from '../clock.ts'
import { LOGIN_FAILURES_FORGIVEN_PER_SECOND, LOGIN_FAILURES_MAX, LOGIN_SOURCES_MAX } from '../limits.ts'
import { sourceOf } from '../transport/address.ts'
import { AccessRefused } from './access-refused.ts'

const SECOND_MS = 1_000

/** As they were at a time. */
interface Failures {
  count: number
  atMs: number
}

export class LoginThrottle {
  readonly #clock: Clock
  /** The one that failed longest ago is the first. */
  readonly #bySource = new Map<string, Failures>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @throws AccessRefused when the address has failed too often. */
  assertMayTry(address: string): void {
    if (this.#bySource.size === 0) return
    const source = sourceOf(address)
    const excess = this.#count(source) - (LOGIN_FAILURES_MAX - 1)
    if (excess <= 0) return
    const reason = `too many logins from ${source} have failed: refused without a look at the password`
    throw new AccessRefused(reason, '', Math.ceil(excess / LOGIN_FAILURES_FORGIVEN_PER_SECOND))
  }

  /** A login from the address failed. */
  failed(address: string): void {
    const source = sourceOf(address)
    const count = this.#count(source) + 1
    this.#bySource.delete(source)
    this.#bySource.set(source, { count, atMs: this.#clock.now() })
    if (this.#bySource.size > LOGIN_SOURCES_MAX) this.#bySource.delete(this.#bySource.keys().next().value!)
  }

  /** Failures that are not forgiven yet. */
  #count(source: string): number {
    const failures = this.#bySource.get(source)
    if (failures === undefined) return 0
    const elapsedMs = Math.max(0, this.#clock.now() - failures.atMs)
    return Math.max(0, failures.count - (elapsedMs / SECOND_MS) * LOGIN_FAILURES_FORGIVEN_PER_SECOND)
  }
}

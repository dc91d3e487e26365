/** The one error of a login that failed. */

/** `reason` is for the log; a client is told less. */
export class AccessRefused extends Error {
  readonly reason: string
  constructor(reason: string) {
    super(reason)
    this.reason = reason
  }
}

/** The one error of a login that failed. */

/** `reason` is for the log; a client is told less. `user` is who it was, empty where that is not known. */
export class AccessRefused extends Error {
  readonly reason: string
  readonly user: string
  /** Seconds until another try is looked at; undefined where this one was. */
  readonly retrySeconds: number | undefined
  constructor(reason: string, user = '', retrySeconds?: number) {
    super(reason)
    this.reason = reason
    this.user = user
    this.retrySeconds = retrySeconds
  }
}

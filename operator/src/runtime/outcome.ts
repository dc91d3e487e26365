/** What a reconcile says to the worker that ran it: the four outcomes of a pass over one key. */

/** `done` waits for the next change; `after` asks for another pass in `delayMs`. A retry is an error thrown. */
export type Outcome = { kind: 'done' } | { kind: 'after'; delayMs: number }

/** Thrown when only a change of the object can help (bad spec): no retry. Any other error is retried with back-off. */
export class TerminalError extends Error {
  readonly reason: string
  constructor(reason: string, message: string) {
    super(message)
    this.reason = reason
  }
}

export const DONE: Outcome = { kind: 'done' }

/** Names one object of a known kind: `namespace/name`. */
export interface Key {
  namespace: string
  name: string
}

/** One pass over one object. Level-based: the key says where to look, never what happened. */
export type Reconcile = (key: Key, log: ReconcileLog) => Promise<Outcome>

/** Structured log of one pass, bound to its `reconcileId`, kind and key (pino's signature). */
export interface ReconcileLog {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

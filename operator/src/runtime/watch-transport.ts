/** The seam between a reflector and an API server: one list request, one watch stream, and how their answers parse. */

import { ApiError, type KubernetesObject } from '../objects.ts'

export type Query = Readonly<Record<string, string>>

/** One page of a list. `continue` is empty on the last page. Items may lack apiVersion and kind, as servers send them. */
export interface ListPage {
  items: KubernetesObject[]
  metadata: { resourceVersion: string; continue?: string }
}

export interface WatchTransport {
  /** One list request, ended early by `signal`. Raises `ApiError` for a refusal, any other error for a broken connection. */
  list(path: string, query: Query, signal: AbortSignal): Promise<ListPage>
  /**
   * The lines of one watch as they come. Ends when the server closes it; raises `ApiError` for a refusal, and any other
   * error when the connection breaks or `signal` aborts. The last line may be cut.
   */
  watch(path: string, query: Query, signal: AbortSignal): AsyncIterable<string>
}

/** One line of a watch. */
export type WatchEvent =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: KubernetesObject; version: string }
  | { type: 'BOOKMARK'; version: string }

/** A watch line that is no event: the stream cannot be trusted any more. */
class WatchLineError extends Error {
  constructor(problem: string, line: string) {
    super(`${problem}: ${line.slice(0, 200)}`)
  }
}

/** The event of one line. Raises `WatchLineError`, or `ApiError` for an ERROR event. */
export function parseEvent(line: string): WatchEvent {
  const event = parseJson(line)
  const object = event.object
  if (typeof object !== 'object' || object === null) throw new WatchLineError('watch event without object', line)
  if (event.type === 'ERROR') throw statusError(object as StatusBody)
  const { name, resourceVersion: version } = (object as KubernetesObject).metadata ?? {}
  if (typeof version !== 'string') throw new WatchLineError('watch event without resourceVersion', line)
  if (event.type === 'BOOKMARK') return { type: 'BOOKMARK', version }
  if (event.type !== 'ADDED' && event.type !== 'MODIFIED' && event.type !== 'DELETED')
    throw new WatchLineError('watch event of unknown type', line)
  if (typeof name !== 'string') throw new WatchLineError('watch event without name', line)
  return { type: event.type, object: object as KubernetesObject, version }
}

function parseJson(line: string): { type?: unknown; object?: unknown } {
  try {
    return JSON.parse(line)
  } catch {
    throw new WatchLineError('watch line is not JSON', line)
  }
}

/** The body of a refusal: `metav1.Status`. */
export interface StatusBody {
  code?: number
  reason?: string
  message?: string
}

/** The error a `metav1.Status` stands for; `httpStatus` fills in for a missing code. */
export function statusError(status: StatusBody, httpStatus = 500): ApiError {
  return new ApiError(status.code ?? httpStatus, status.reason ?? 'Unknown', status.message ?? 'no message')
}

/** True when a resourceVersion or continue token is too old to go on from: list anew. */
export function isGone(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 410 || error.reason === 'Expired' || error.reason === 'Gone')
}

/** True when the server answered, with a refusal or with nonsense; false when it was not reached or was cut off. */
export function isAnswer(error: unknown): boolean {
  return error instanceof ApiError || error instanceof WatchLineError
}

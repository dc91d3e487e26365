/** Answers of the management API that are no success: `{"error", "reason"}` in RabbitMQ's words. */

import { InvalidDefinition } from '../definitions/json-values.ts'
import { ChannelError, ConnectionError } from '../wire/errors.ts'

export class HttpError extends Error {
  readonly status: number
  readonly error: string
  readonly reason: string
  /** Headers of the answer. */
  readonly headers: Readonly<Record<string, string>>
  constructor(status: number, error: string, reason: string, headers: Readonly<Record<string, string>> = {}) {
    super(reason)
    this.status = status
    this.error = error
    this.reason = reason
    this.headers = headers
  }
}

export function notFound(): HttpError {
  return new HttpError(404, 'Object Not Found', 'Not Found')
}

export function badRequest(reason: string): HttpError {
  return new HttpError(400, 'bad_request', reason)
}

export function loginFailed(): HttpError {
  return new HttpError(401, 'not_authorized', 'Login failed')
}

/** Nobody looked at the password. */
export function tooManyLogins(retrySeconds: number): HttpError {
  const reason = 'Too many logins from this address have failed; try again later'
  return new HttpError(429, 'too_many_requests', reason, { 'Retry-After': String(retrySeconds) })
}

/** To somebody who is known. RabbitMQ spells the two errors differently. */
export function notAuthorised(reason: string): HttpError {
  return new HttpError(401, 'not_authorised', reason)
}

/** What a caught error answers; undefined for one that is a bug of ours. */
export function httpErrorFrom(error: unknown): HttpError | undefined {
  if (error instanceof HttpError) return error
  if (error instanceof InvalidDefinition) return badRequest(error.message)
  if (error instanceof ChannelError || error instanceof ConnectionError) return fromAmqp(error)
  const { statusCode, message } = error as { statusCode?: number; message?: string }
  if (statusCode === 413) return new HttpError(413, 'payload_too_large', 'the body is too large')
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return badRequest(message ?? 'bad request')
  return undefined
}

/** Here the reason stands without the name of the reply in front. */
function fromAmqp({ replyName, message }: ChannelError | ConnectionError): HttpError {
  const reason = message.replace(`${replyName} - `, '')
  if (replyName === 'NOT_FOUND') return new HttpError(404, 'not_found', reason)
  if (replyName === 'ACCESS_REFUSED') return notAuthorised(reason)
  return badRequest(reason)
}

/** Requests to an API server, each with a time limit, and the lines of a watch. */

import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest, type RequestOptions } from 'node:https'
import { ApiError } from '../objects.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'
import { type Query, type StatusBody, statusError } from '../runtime/watch-transport.ts'
import type { Connection, Purpose } from './connection.ts'

export interface ApiRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path: string
  query?: Query
  /** Sent as JSON of this media type. */
  body?: unknown
  contentType?: string
  signal?: AbortSignal
}

/** An API server answers in far less; what takes longer is half-open. */
const REQUEST_TIMEOUT_MS = 30_000
/** Objects are below 3 MiB on a server; a longer line is no watch event. */
const LINE_CHARACTERS_MAX = 32 * 1024 * 1024

export class ApiHttp {
  readonly #connection: Connection
  readonly #clock: Clock

  constructor(connection: Connection, clock: Clock = systemClock) {
    this.#connection = connection
    this.#clock = clock
  }

  /** The parsed answer. Raises `ApiError` for a refusal (status ≥ 400); any other error when there is no answer. */
  async request(request: ApiRequest): Promise<unknown> {
    const limit = limited(request.signal, this.#clock)
    try {
      const response = await this.#send({ ...request, signal: limit.signal }, 'request')
      const text = await readAll(response)
      if (statusOf(response) >= 400) throw refusal(statusOf(response), text)
      return JSON.parse(text)
    } catch (error) {
      throw explained(error, request, limit.signal)
    } finally {
      limit.end()
    }
  }

  /** The lines of a streamed answer as they come, the last one perhaps cut. Raises as `WatchTransport.watch` does. */
  async *lines(path: string, query: Query, signal: AbortSignal): AsyncGenerator<string> {
    const request: ApiRequest = { method: 'GET', path, query, signal }
    try {
      const response = await this.#send(request, 'watch')
      if (statusOf(response) >= 400) throw refusal(statusOf(response), await readAll(response))
      yield* linesOf(response)
    } catch (error) {
      throw explained(error, request, signal)
    }
  }

  /** Sends, and once more when the server had just closed the kept connection that was picked. */
  async #send(request: ApiRequest, purpose: Purpose): Promise<IncomingMessage> {
    try {
      return await this.#sendOnce(request, purpose)
    } catch (error) {
      if (!(error instanceof StaleSocketError) || request.method === 'POST') throw error
      return await this.#sendOnce(request, purpose)
    }
  }

  async #sendOnce(request: ApiRequest, purpose: Purpose): Promise<IncomingMessage> {
    const { server } = this.#connection
    const base = server.pathname.replace(/\/$/, '')
    const url = new URL(`${base}${request.path}?${new URLSearchParams(request.query)}`, server)
    const body = request.body === undefined ? undefined : JSON.stringify(request.body)
    const authorized = await this.#connection.authorize(purpose)
    const options: RequestOptions = {
      ...authorized,
      method: request.method,
      headers: headersOf(request, authorized, body),
    }
    if (request.signal !== undefined) options.signal = request.signal
    return await answerOf(url.protocol === 'http:' ? httpRequest(url, options) : httpsRequest(url, options), body)
  }
}

/** A signal that aborts with `outer` or after the time limit. After `end` nothing is left of it: requests come in thousands. */
function limited(outer: AbortSignal | undefined, clock: Clock): { signal: AbortSignal; end(): void } {
  const abort = new AbortController()
  const late = () => abort.abort(new Error(`no answer for ${REQUEST_TIMEOUT_MS} ms`))
  const cancel = clock.after(REQUEST_TIMEOUT_MS, late)
  const follow = () => abort.abort(outer?.reason)
  if (outer?.aborted) follow()
  outer?.addEventListener('abort', follow)
  return {
    signal: abort.signal,
    end() {
      cancel()
      outer?.removeEventListener('abort', follow)
    },
  }
}

async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  response.setEncoding('utf8')
  let rest = ''
  for await (const chunk of response as AsyncIterable<string>) {
    const parts = (rest + chunk).split('\n')
    rest = parts.pop() ?? ''
    if (rest.length > LINE_CHARACTERS_MAX) throw new Error(`watch line of more than ${LINE_CHARACTERS_MAX} characters`)
    for (const line of parts) if (line !== '') yield line
  }
  if (rest !== '') yield rest
}

/** An error without an answer says what was asked for and, after an abort, why it was aborted. */
function explained(error: unknown, request: ApiRequest, signal: AbortSignal): Error {
  if (error instanceof ApiError) return error
  const why = signal.aborted ? signal.reason : error
  const text = why instanceof Error ? why.message : String(why)
  return new Error(`${request.method} ${request.path}: ${text}`, { cause: error })
}

/** The server closed a kept connection as the request went out; it was not processed. */
class StaleSocketError extends Error {}

function answerOf(sent: ClientRequest, body: string | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    sent.on('response', resolve)
    sent.on('error', (error: NodeJS.ErrnoException) => {
      const stale = sent.reusedSocket && error.code === 'ECONNRESET'
      reject(stale ? new StaleSocketError(error.message, { cause: error }) : error)
    })
    sent.end(body)
  })
}

function headersOf(request: ApiRequest, authorized: RequestOptions, body: string | undefined): Record<string, string> {
  const headers: Record<string, string> = {
    ...(authorized.headers as Record<string, string> | undefined),
    accept: 'application/json',
    'user-agent': 'warren-operator',
  }
  if (body !== undefined) {
    headers['content-type'] = request.contentType ?? 'application/json'
    headers['content-length'] = `${Buffer.byteLength(body)}`
  }
  return headers
}

function statusOf(response: IncomingMessage): number {
  return response.statusCode ?? 500
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

/** The error of a refused request; the body is a `metav1.Status`, or whatever a proxy in between wrote. */
function refusal(httpStatus: number, text: string): ApiError {
  try {
    return statusError(JSON.parse(text) as StatusBody, httpStatus)
  } catch {
    return new ApiError(httpStatus, 'Unknown', text.slice(0, 500).trim())
  }
}

/** Health, metrics and the log level over HTTP. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { isIPv4 } from 'node:net'
import type { Registry } from 'prom-client'
import { isLogLevel, LOG_LEVELS, type Logger } from './log.ts'

export interface HealthOptions {
  host: string
  /** 0 takes any free port. */
  port: number
  registry: Registry
  /** True when this operator can do its work, or stand by: its caches have synced. */
  ready(): boolean
  log: Logger
}

interface Answer {
  status: number
  text: string
  contentType?: string
}

/** A level is a word. */
const BODY_BYTES_MAX = 64

/**
 * `GET /healthz` (the process answers), `GET /readyz`, `GET /metrics` (Prometheus), `GET` and `PUT /loglevel` (a word;
 * `PUT` only from the pod itself, as by `kubectl port-forward`).
 */
export class HealthServer {
  readonly #options: HealthOptions
  readonly #server: Server

  constructor(options: HealthOptions) {
    this.#options = options
    this.#server = createServer((request, response) => void this.#serve(request, response))
  }

  /** Listens; answers the port. Raises when the port is taken. */
  start(): Promise<number> {
    const { host, port } = this.#options
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, () => {
        const address = this.#server.address()
        resolve(typeof address === 'object' && address !== null ? address.port : port)
      })
    })
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const {
      status,
      text,
      contentType = 'text/plain; charset=utf-8',
    } = await this.#answer(request).catch(error => {
      this.#options.log.error({ err: error }, 'health endpoint failed')
      return { status: 500, text: 'failed\n', contentType: undefined }
    })
    response.writeHead(status, { 'content-type': contentType }).end(text)
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const { log, ready, registry } = this.#options
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    switch (`${request.method} ${pathname}`) {
      case 'GET /healthz':
        return { status: 200, text: 'ok\n' }
      case 'GET /readyz':
        return ready() ? { status: 200, text: 'ok\n' } : { status: 503, text: 'caches have not synced\n' }
      case 'GET /metrics':
        return { status: 200, text: await registry.metrics(), contentType: registry.contentType }
      case 'GET /loglevel':
        return { status: 200, text: `${log.level}\n` }
      case 'PUT /loglevel':
        return await this.#setLevel(request)
      default:
        return { status: 404, text: 'not found\n' }
    }
  }

  async #setLevel(request: IncomingMessage): Promise<Answer> {
    if (!isLoopback(request.socket.remoteAddress)) return { status: 403, text: 'only from this pod\n' }
    const word = await readShort(request)
    if (word === undefined || !isLogLevel(word)) return { status: 400, text: `one of ${LOG_LEVELS.join(', ')}\n` }
    this.#options.log.level = word
    return { status: 200, text: `${word}\n` }
  }
}

function isLoopback(address: string | undefined): boolean {
  const plain = address?.replace(/^::ffff:/, '') ?? ''
  return plain === '::1' || (isIPv4(plain) && plain.startsWith('127.'))
}

/** The body as a word, or undefined when it is too long to be one. */
async function readShort(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > BODY_BYTES_MAX) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8').trim()
}

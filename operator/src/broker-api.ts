/** A client of the broker's management API in RabbitMQ's shapes: typed answers, typed errors, a limit on time. */

import { Buffer } from 'node:buffer'
import type { JsonTable } from './api/schema.ts'

/** Longest wait for one answer. Lists of tens of thousands of queues take a second or two. */
const REQUEST_TIMEOUT_MS = 15_000

export type Arguments = JsonTable

export interface QueueInfo {
  vhost: string
  name: string
  durable: boolean
  auto_delete: boolean
  exclusive?: boolean
  arguments: Arguments
  type?: string
  state?: string
  policy?: string | null
  messages?: number
  consumers?: number
}

export interface BindingInfo {
  vhost: string
  source: string
  destination: string
  destination_type: 'queue' | 'exchange'
  routing_key: string
  arguments: Arguments
  /** Names the binding in paths; unknown for one that we made since the broker was last read. */
  properties_key?: string
}

export interface PolicyInfo {
  vhost: string
  name: string
  pattern: string
  'apply-to': string
  priority: number
  definition: Arguments
}

export interface UserInfo {
  name: string
  password_hash: string
  hashing_algorithm?: string
  tags: string[] | string
  limits?: { readonly [limit: string]: number }
}

export interface PermissionInfo {
  user: string
  vhost: string
  configure: string
  write: string
  read: string
}

export interface TopicPermissionInfo {
  user: string
  vhost: string
  exchange: string
  write: string
  read: string
}

export interface DefinitionsInfo {
  vhosts: { name: string }[]
  users: UserInfo[]
  permissions: PermissionInfo[]
  topic_permissions: TopicPermissionInfo[]
  policies: PolicyInfo[]
}

export interface OverviewInfo {
  /** Our own version; the others are those of the RabbitMQ that the broker is compatible with. */
  warren_version?: string
  product_version?: string
  rabbitmq_version?: string
  object_totals?: { queues?: number; consumers?: number; connections?: number }
  queue_totals?: { messages?: number }
}

/** The broker answered no. `status` is the HTTP code, `message` its reason. */
export class BrokerRefusal extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** No answer, or one that says that the broker cannot work now; later may help. */
export class BrokerUnreachable extends Error {}

export interface BrokerLogin {
  /** Such as http://orders.default.svc:15672 */
  url: string
  username: string
  password: string
}

export interface Request {
  method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  /** Path parts after /api, not yet encoded. */
  path: readonly string[]
  query?: string
  body?: object
}

const QUEUE_COLUMNS = 'name,vhost,type,durable,auto_delete,exclusive,arguments,state,policy,messages,consumers'

export class BrokerApi {
  readonly #url: string
  readonly #authorization: string

  constructor(login: BrokerLogin) {
    this.#url = login.url
    const pair = Buffer.from(`${login.username}:${login.password}`, 'utf8').toString('base64')
    this.#authorization = `Basic ${pair}`
  }

  overview(): Promise<OverviewInfo> {
    return this.#read<OverviewInfo>(['overview'])
  }

  definitions(): Promise<DefinitionsInfo> {
    return this.#read<DefinitionsInfo>(['definitions'])
  }

  queues(): Promise<QueueInfo[]> {
    return this.#read<QueueInfo[]>(['queues'], `columns=${QUEUE_COLUMNS}`)
  }

  bindings(): Promise<BindingInfo[]> {
    return this.#read<BindingInfo[]>(['bindings'])
  }

  async #read<Answer>(path: readonly string[], query?: string): Promise<Answer> {
    const response = await this.#send({ method: 'GET', path, ...(query !== undefined && { query }) })
    try {
      return (await response.json()) as Answer
    } catch (error) {
      throw new BrokerUnreachable(`GET /api/${path.join('/')}: ${reasonOf(error)}`)
    }
  }

  /** A change. Raises `BrokerRefusal` or `BrokerUnreachable`. */
  async write(request: Request): Promise<void> {
    const response = await this.#send(request)
    await response.body?.cancel()
  }

  async #send({ method, path, query, body }: Request): Promise<Response> {
    const target = `/api/${path.map(encodeURIComponent).join('/')}${query === undefined ? '' : `?${query}`}`
    let response: Response
    try {
      response = await fetch(this.#url + target, {
        method,
        headers: { authorization: this.#authorization, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      })
    } catch (error) {
      throw new BrokerUnreachable(`${method} ${target}: ${reasonOf(error)}`)
    }
    if (response.ok) return response
    const text = await response.text().catch(() => '')
    if (response.status >= 500) throw new BrokerUnreachable(`${method} ${target}: ${response.status} ${text}`.trim())
    throw new BrokerRefusal(response.status, refusalText(text))
  }
}

/** `fetch failed` says little; its cause says why. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message || error.cause.name : error.message
}

/** The `reason` of `{"error","reason"}`; the whole text when it is something else. */
function refusalText(text: string): string {
  try {
    const { reason, error } = JSON.parse(text) as { reason?: unknown; error?: unknown }
    if (typeof reason === 'string') return reason
    return typeof error === 'string' ? error : text
  } catch {
    return text
  }
}

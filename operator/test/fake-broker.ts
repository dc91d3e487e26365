/** A management API in RabbitMQ's shapes over a few maps: enough for topology, real HTTP on a port of its own. */

import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type {
  BindingInfo,
  PermissionInfo,
  PolicyInfo,
  QueueInfo,
  TopicPermissionInfo,
  UserInfo,
} from '../src/broker-api.ts'

type Body = { [field: string]: never }
type Answer = { status: number; body?: unknown }

const PASSWORD = 'not-so-secret'

export function rabbitHash(password: string): string {
  const salt = Buffer.from([1, 2, 3, 4])
  const digest = createHash('sha256').update(salt).update(password).digest()
  return Buffer.concat([salt, digest]).toString('base64')
}

export class FakeBroker {
  readonly queues = new Map<string, QueueInfo>()
  readonly policies = new Map<string, PolicyInfo>()
  readonly users = new Map<string, UserInfo>()
  readonly permissions = new Map<string, PermissionInfo>()
  readonly topicPermissions = new Map<string, TopicPermissionInfo>()
  bindings: BindingInfo[] = []
  exchanges = new Set(['', 'amq.topic', 'amq.direct'])
  /** Every request that was answered, as `METHOD path`. */
  readonly requests: string[] = []
  /** Password of the administrator `admin`. */
  password = PASSWORD
  /** Answers 503 to everything while true. */
  isDown = false
  readonly #server: Server

  constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response))
  }

  get writes(): string[] {
    return this.requests.filter(line => !line.startsWith('GET'))
  }

  async start(): Promise<number> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return (this.#server.address() as AddressInfo).port
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  addQueue(name: string, fields: Partial<QueueInfo> = {}): void {
    const plain = { vhost: '/', name, durable: true, auto_delete: false, arguments: {}, state: 'running' }
    this.queues.set(`//${name}`, { messages: 0, consumers: 0, ...plain, ...fields })
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString('utf8')
    const url = new URL(request.url ?? '/', 'http://fake')
    const path = url.pathname.split('/').slice(2).map(decodeURIComponent)
    const method = request.method ?? 'GET'
    const login = `Basic ${Buffer.from(`admin:${this.password}`).toString('base64')}`
    let answer: Answer
    if (this.isDown) answer = { status: 503 }
    else if (request.headers.authorization !== login) {
      answer = { status: 401, body: { error: 'not_authorized', reason: 'Login failed' } }
    } else {
      this.requests.push(`${method} ${path.join(' ')}${url.search}`)
      answer = this.#answer(method, path, url.searchParams, (text === '' ? {} : JSON.parse(text)) as Body)
    }
    response.writeHead(answer.status, { 'content-type': 'application/json' })
    response.end(answer.body === undefined ? undefined : JSON.stringify(answer.body))
  }

  #answer(method: string, path: string[], query: URLSearchParams, body: Body): Answer {
    const [what = '', vhost = '', ...rest] = path
    if (method === 'GET') return this.#read(what)
    const remove = method === 'DELETE'
    if (what === 'queues') return this.#queue(remove, vhost, rest[0] ?? '', query, body)
    if (what === 'bindings') return this.#binding(remove, vhost, rest, body)
    if (what === 'policies') return this.#policy(remove, vhost, rest[0] ?? '', body)
    if (what === 'users') {
      if (remove) return gone(this.users.delete(vhost))
      const { password, tags } = body as unknown as { password: string; tags: string }
      this.users.set(vhost, {
        ...this.users.get(vhost),
        name: vhost,
        password_hash: rabbitHash(password),
        tags: tags === '' ? [] : tags.split(','),
      })
      return { status: 201 }
    }
    const user = rest[0] ?? ''
    if (what === 'user-limits') return this.#userLimit(remove, vhost, user, body)
    if (what === 'permissions') {
      if (remove) return gone(this.permissions.delete(`${user}/${vhost}`))
      this.permissions.set(`${user}/${vhost}`, { ...(body as unknown as PermissionInfo), user, vhost })
      return { status: 201 }
    }
    if (what === 'topic-permissions') {
      if (remove) return gone(this.topicPermissions.delete(`${user}/${vhost}/${rest[1]}`))
      const given = body as unknown as TopicPermissionInfo
      this.topicPermissions.set(`${user}/${vhost}/${given.exchange}`, { ...given, user, vhost })
      return { status: 201 }
    }
    return { status: 404, body: { error: 'Object Not Found', reason: 'Not Found' } }
  }

  #userLimit(remove: boolean, name: string, limit: string, body: Body): Answer {
    const user = this.users.get(name)
    if (user === undefined) return gone(false)
    const { [limit]: _, ...others } = user.limits ?? {}
    this.users.set(name, { ...user, limits: remove ? others : { ...others, [limit]: body['value'] as never } })
    return { status: 204 }
  }

  #read(what: string): Answer {
    if (what === 'queues') return { status: 200, body: [...this.queues.values()] }
    if (what === 'bindings') return { status: 200, body: this.bindings }
    if (what === 'overview') return { status: 200, body: { product_version: '3.13.0' } }
    return {
      status: 200,
      body: {
        vhosts: [{ name: '/' }],
        users: [...this.users.values()],
        permissions: [...this.permissions.values()],
        topic_permissions: [...this.topicPermissions.values()],
        policies: [...this.policies.values()],
      },
    }
  }

  #queue(remove: boolean, vhost: string, name: string, query: URLSearchParams, body: Body): Answer {
    const key = `${vhost}/${name}`
    const existing = this.queues.get(key)
    if (!remove) {
      if (existing === undefined) this.addQueue(name, body)
      return { status: existing === undefined ? 201 : 204 }
    }
    if (query.get('if-empty') === 'true' && (existing?.messages ?? 0) > 0) {
      return { status: 400, body: { error: 'bad_request', reason: `queue '${name}' in vhost '${vhost}' is not empty` } }
    }
    this.bindings = this.bindings.filter(binding => binding.destination !== name)
    return gone(this.queues.delete(key))
  }

  #binding(
    remove: boolean,
    vhost: string,
    [, source = '', , destination = '', key = '']: string[],
    body: Body,
  ): Answer {
    if (remove) {
      const rest = this.bindings.filter(
        binding =>
          !(binding.source === source && binding.destination === destination && binding.properties_key === key),
      )
      const changed = rest.length < this.bindings.length
      this.bindings = rest
      return gone(changed)
    }
    if (!this.exchanges.has(source)) {
      return { status: 404, body: { error: 'Object Not Found', reason: `no exchange '${source}' in vhost '${vhost}'` } }
    }
    const { routing_key, arguments: given } = body as unknown as BindingInfo
    const properties_key = routing_key === '' ? '~' : routing_key
    this.bindings.push({
      vhost,
      source,
      destination,
      destination_type: 'queue',
      routing_key,
      arguments: given,
      properties_key,
    })
    return { status: 201 }
  }

  #policy(remove: boolean, vhost: string, name: string, body: Body): Answer {
    if (remove) return gone(this.policies.delete(`${vhost}/${name}`))
    const policy = { ...(body as unknown as PolicyInfo), vhost, name }
    try {
      new RegExp(policy.pattern)
    } catch {
      return {
        status: 400,
        body: { error: 'bad_request', reason: 'Validation failed: pattern is no regular expression' },
      }
    }
    this.policies.set(`${vhost}/${name}`, policy)
    return { status: 201 }
  }
}

function gone(found: boolean): Answer {
  return found ? { status: 204 } : { status: 404, body: { error: 'Object Not Found', reason: 'Not Found' } }
}

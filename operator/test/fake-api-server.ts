/** An API server on a real port that misbehaves as told: lists in pages, watches, applies, patches, leases. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ApiError, type KubernetesObject } from '../src/objects.ts'
import { FakeApiStore, type HistoryEvent } from './fake-api-server-store.ts'
import { FaultyStream, type WatchFault } from './fake-api-server-stream.ts'

export type { WatchFault } from './fake-api-server-stream.ts'

/** What goes wrong with one list request. */
export type ListFault =
  | { kind: 'refuse'; status: number }
  | { kind: 'drop' }
  | { kind: 'expire' }
  | { kind: 'half-open' }

interface Route {
  collection: string
  namespace: string
  name: string | undefined
  subresource: string | undefined
}

export interface SeenRequest {
  method: string
  path: string
  query: URLSearchParams
  contentType: string | undefined
  authorization: string | undefined
  body: unknown
}

export class FakeApiServer {
  readonly store = new FakeApiStore()
  /** Faults that the next watches and lists take, one each. */
  watchFaults: WatchFault[] = []
  listFaults: ListFault[] = []
  readonly requests: SeenRequest[] = []
  readonly #server: Server = createServer((request, response) => void this.#serve(request, response))
  readonly #streams = new Set<FaultyStream>()

  async start(): Promise<URL> {
    await new Promise<void>(resolve => this.#server.listen(0, '127.0.0.1', resolve))
    return new URL(`http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`)
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }

  /** No more faults for new requests; held events go out. Half-open watches stay half-open: the client must notice. */
  heal(): void {
    this.watchFaults = []
    this.listFaults = []
    for (const stream of this.#streams) stream.flush()
  }

  /** A bookmark on every watch. */
  bookmark(): void {
    for (const stream of this.#streams) stream.bookmark(this.store.version)
  }

  count(method: string, matches: (request: SeenRequest) => boolean = () => true): number {
    return this.requests.filter(request => request.method === method && matches(request)).length
  }

  get watches(): number {
    return this.count('GET', request => request.query.has('watch'))
  }

  get lists(): number {
    return this.count('GET', request => request.query.has('limit') && !request.query.has('continue'))
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const body = await bodyOf(request)
    const method = request.method ?? 'GET'
    const { authorization, 'content-type': contentType } = request.headers
    this.requests.push({ method, path: url.pathname, query: url.searchParams, contentType, authorization, body })
    const route = routeOf(url.pathname)
    try {
      if (method === 'GET' && url.searchParams.has('watch')) this.#watch(route, url.searchParams, response)
      else if (method === 'GET' && route.name === undefined) this.#list(route, url.searchParams, response)
      else answer(response, 200, this.#one(method, route, body as KubernetesObject, contentType ?? ''))
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      refuse(response, error.status, error.reason, error.message)
    }
  }

  #one(method: string, route: Route, body: KubernetesObject, contentType: string): KubernetesObject {
    const id = `${route.namespace}/${route.name}`
    if (method === 'POST') return this.store.create(route.collection, body)
    if (method === 'PUT') return this.store.update(route.collection, body)
    if (method === 'PATCH') {
      const create = contentType.startsWith('application/apply-patch') && route.subresource === undefined
      return this.store.merge(route.collection, id, body, create)
    }
    if (method === 'DELETE') {
      const preconditions = (body as unknown as { preconditions?: { uid?: string } } | undefined)?.preconditions
      return this.store.delete(route.collection, id, preconditions?.uid)
    }
    const found = this.store.get(route.collection, id)
    if (found === undefined) throw new ApiError(404, 'NotFound', `${id} not found`)
    return found
  }

  #list(route: Route, query: URLSearchParams, response: ServerResponse): void {
    const token = query.get('continue')
    if (token !== null && this.listFaults[0]?.kind === 'expire') {
      this.listFaults.shift()
      refuse(response, 410, 'Expired', 'the continue token is too old')
      return
    }
    const fault = this.listFaults[0]?.kind === 'expire' ? undefined : this.listFaults.shift()
    if (fault?.kind === 'half-open') return
    if (fault?.kind === 'drop') response.destroy()
    else if (fault?.kind === 'refuse') refuse(response, fault.status, 'Unknown', 'fault')
    else answer(response, 200, this.#page(route, query, Number(token ?? 0)))
  }

  /** Pages come from the present state: tests of paging do not write meanwhile. */
  #page(route: Route, query: URLSearchParams, start: number): unknown {
    const all = this.store.list(route.collection, route.namespace, labelsOf(query))
    const limit = Number(query.get('limit') ?? 0)
    const end = limit === 0 ? all.length : start + limit
    const items = all.slice(start, end).map(({ apiVersion: _version, kind: _kind, ...rest }) => rest)
    const more = end < all.length ? { continue: `${end}` } : {}
    return { kind: 'List', metadata: { resourceVersion: `${this.store.version}`, ...more }, items }
  }

  #watch(route: Route, query: URLSearchParams, response: ServerResponse): void {
    const fault = this.watchFaults.shift()
    const missed = this.store.since(Number(query.get('resourceVersion')))
    if (fault?.kind === 'refuse') refuse(response, fault.status, 'Unknown', 'fault')
    else if (fault?.kind === 'gone-http' || missed === undefined) refuse(response, 410, 'Expired', 'too old')
    else this.#stream(route, new FaultyStream(response, fault), missed, response)
  }

  #stream(route: Route, stream: FaultyStream, missed: HistoryEvent[], response: ServerResponse): void {
    const matches = (event: HistoryEvent) =>
      event.collection === route.collection &&
      (route.namespace === '' || event.object.metadata.namespace === route.namespace)
    for (const event of missed) if (matches(event)) stream.send(event)
    const unlisten = this.store.listen(event => {
      if (matches(event)) stream.send(event)
    })
    this.#streams.add(stream)
    response.on('close', () => {
      unlisten()
      this.#streams.delete(stream)
    })
  }
}

/** `/apis/warren.dev/v1alpha1/namespaces/ns/queues/orders/status` and its shorter forms. */
function routeOf(path: string): Route {
  const [root, ...rest] = path.split('/').filter(part => part !== '')
  const group = root === 'api' ? rest.splice(0, 1) : rest.splice(0, 2)
  const namespace = rest[0] === 'namespaces' && rest.length > 2 ? rest.splice(0, 2)[1] : ''
  const [plural, name, subresource] = rest
  return { collection: `${group.join('/')}/${plural}`, namespace: namespace ?? '', name, subresource }
}

function labelsOf(query: URLSearchParams): Record<string, string> {
  const pairs = (query.get('labelSelector') ?? '').split(',').filter(pair => pair !== '')
  return Object.fromEntries(pairs.map(pair => pair.split('=')))
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString())
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function refuse(response: ServerResponse, status: number, reason: string, message: string): void {
  answer(response, status, { kind: 'Status', code: status, reason, message })
}

/** One session a cluster: the administrator's login and one bulk read that all objects of the cluster share. */

import type { BrokerCluster } from '../api/brokercluster.ts'
import { BrokerApi, type BrokerLogin, BrokerRefusal, BrokerUnreachable } from '../broker-api.ts'
import { secretText } from '../desired/binding-secret.ts'
import type { Address } from '../desired/inputs.ts'
import { childNames } from '../desired/names.ts'
import type { Objects } from '../objects.ts'
import type { Clock } from '../runtime/clock.ts'
import { type Change, requestOf } from './change.ts'
import { recordIn } from './record.ts'
import { BrokerView } from './view.ts'

/** A failed read answers everyone who asks within this time: ten thousand objects must not knock at a dead broker. */
const FAILURE_HOLD_MS = 2_000

/** A view is kept this many times as long as its read took, so that reading big brokers stays a small part of the time. */
const READ_SHARE = 10

export interface SessionDeps {
  objects: Objects
  clock: Clock
  addressOf(cluster: BrokerCluster): Address
}

/** The administrator's login is refused: the volumes know another password than the Secret. */
export class LoginRefused extends Error {}

/** What one read gave. */
export interface Session {
  readonly api: BrokerApi
  readonly view: BrokerView
  readonly administrator: string
  readonly version: string | undefined
  readonly readAtMs: number
  /** How long the read took. */
  readonly readMs: number
}

interface Entry {
  uid: string | undefined
  session?: Session
  reading?: Promise<Session>
  failure?: { error: Error; atMs: number }
}

export class BrokerSessions {
  readonly #deps: SessionDeps
  readonly #entries = new Map<string, Entry>()

  constructor(deps: SessionDeps) {
    this.#deps = deps
  }

  /**
   * A view of the broker that is at most `maxAgeMs` old (older where reads take long); whoever asks while one is read gets the same.
   * Raises `BrokerUnreachable` or `LoginRefused`.
   */
  async get(cluster: BrokerCluster, maxAgeMs: number): Promise<Session> {
    const entry = this.#entryOf(cluster)
    const now = this.#deps.clock.now()
    if (entry.session !== undefined && isFresh(entry.session, now, maxAgeMs)) return entry.session
    if (entry.reading !== undefined) return entry.reading
    if (entry.failure !== undefined && now - entry.failure.atMs < FAILURE_HOLD_MS) throw entry.failure.error
    entry.reading = this.#read(cluster)
    try {
      entry.session = await entry.reading
      delete entry.failure
      return entry.session
    } catch (error) {
      delete entry.session
      entry.failure = { error: error as Error, atMs: this.#deps.clock.now() }
      throw error
    } finally {
      delete entry.reading
    }
  }

  /** Drops what is kept about a cluster that is gone. */
  forget(namespace: string, name: string): void {
    this.#entries.delete(`${namespace}/${name}`)
  }

  #entryOf(cluster: BrokerCluster): Entry {
    const { namespace, name, uid } = cluster.metadata
    const key = `${namespace}/${name}`
    let entry = this.#entries.get(key)
    if (entry === undefined || entry.uid !== uid) {
      entry = { uid }
      this.#entries.set(key, entry)
    }
    return entry
  }

  async #read(cluster: BrokerCluster): Promise<Session> {
    const login = await this.#login(cluster)
    const api = new BrokerApi(login)
    const readAtMs = this.#deps.clock.now()
    try {
      const [overview, definitions, queues, bindings] = await Promise.all([
        api.overview(),
        api.definitions(),
        api.queues(),
        api.bindings(),
      ])
      const version = overview.warren_version ?? overview.product_version ?? overview.rabbitmq_version
      const view = new BrokerView(definitions, queues, bindings)
      const readMs = this.#deps.clock.now() - readAtMs
      return { api, view, administrator: login.username, version, readAtMs, readMs }
    } catch (error) {
      if (error instanceof BrokerRefusal) throw refusedRead(error, login.username)
      throw error
    }
  }

  async #login(cluster: BrokerCluster): Promise<BrokerLogin> {
    const { namespace, name } = cluster.metadata
    const secretName = childNames(name).defaultUser
    const secret = await this.#deps.objects.get({ apiVersion: 'v1', kind: 'Secret', namespace, name: secretName })
    const username = secretText(secret, 'username')
    const password = secretText(secret, 'password')
    if (username === undefined || password === undefined) {
      throw new BrokerUnreachable(`Secret ${secretName} with the administrator's password is not there yet`)
    }
    const { host, managementPort } = this.#deps.addressOf(cluster)
    return { url: `http://${host}:${managementPort}`, username, password }
  }
}

function isFresh({ readAtMs, readMs }: Session, nowMs: number, maxAgeMs: number): boolean {
  return nowMs - readAtMs <= Math.max(maxAgeMs, READ_SHARE * readMs)
}

function refusedRead(error: BrokerRefusal, username: string): Error {
  if (error.status === 401 || error.status === 403) {
    return new LoginRefused(`the broker refuses the login of ${username}: ${error.message}`)
  }
  return new BrokerUnreachable(`the management API answered ${error.status}: ${error.message}`)
}

/**
 * Makes the changes one after the other; the view follows, and `made` hears of each. A thing to delete that is not
 * there is deleted.
 */
export async function makeChanges(
  session: Session,
  changes: readonly Change[],
  made: (change: Change) => void,
): Promise<void> {
  for (const change of changes) {
    const request = requestOf(change)
    try {
      await session.api.write(request)
    } catch (error) {
      const gone = error instanceof BrokerRefusal && error.status === 404 && request.method === 'DELETE'
      if (!gone) throw error
    }
    recordIn(session.view, change)
    made(change)
  }
}

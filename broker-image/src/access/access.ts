/** Who may log in, and what they may touch: users, permissions and topic permissions as RabbitMQ understands them. */

import type { Definitions } from '../definitions/definitions.ts'
import { joinKey } from '../definitions/keys.ts'
import type { UserDefinition } from '../definitions/model.ts'
import { isPasswordRight } from '../definitions/passwords.ts'
import { compileStoredPattern, type Pattern } from '../pattern/pattern.ts'
import { AccessRefused } from './access-refused.ts'
import type { LoginThrottle } from './login-throttle.ts'

export type Permission = 'configure' | 'write' | 'read'

export interface AccessOptions {
  /** Users who may come from the loopback interface only. */
  loopbackUsers: { readonly [user: string]: boolean }
}

/** The name under which permissions are checked for the exchange without a name. */
export const DEFAULT_EXCHANGE_NAME = 'amq.default'
/** A user whom nobody is, so that a login of an unknown name takes as long as one with a wrong password. */
const NOBODY = { passwordHash: 'AAAAAAAA', hashingAlgorithm: 'rabbit_password_hashing_sha256' } as const
/** RabbitMQ's meaning of an empty pattern. */
const NOTHING = '^$'

type Compiled = Readonly<Record<Permission, Pattern>>
type Topic = { user: string; vhost: string; exchange: string }
type CompiledTopic = Readonly<Record<'write' | 'read', Pattern>>

export class Access {
  readonly #definitions: Definitions
  readonly #loopbackUsers: ReadonlySet<string>
  readonly #throttle: LoginThrottle | undefined
  readonly #compiled = new Map<string, Compiled>()
  readonly #compiledTopics = new Map<string, CompiledTopic>()
  #version = 0

  /** Without a throttle anybody may try as often as they like. */
  constructor(definitions: Definitions, options: AccessOptions, throttle?: LoginThrottle) {
    this.#definitions = definitions
    this.#throttle = throttle
    this.#loopbackUsers = new Set(Object.entries(options.loopbackUsers).flatMap(([user, on]) => (on ? [user] : [])))
    definitions.listen(({ kind }) => {
      if (kind === 'user' || kind === 'permission' || kind === 'topicPermission') this.#forget()
    })
  }

  /** Grows with every change of users and permissions: an answer remembered with an older number is stale. */
  get version(): number {
    return this.#version
  }

  /**
   * The user behind name and password. `peerAddress` is the client's IP address.
   * @throws AccessRefused, without a look at the password while too many logins from that address have failed.
   */
  authenticate(name: string, password: string, peerAddress: string): Readonly<UserDefinition> {
    this.#throttle?.assertMayTry(peerAddress)
    const user = this.#definitions.get('user', [name])
    const isRight = isPasswordRight(user ?? NOBODY, password)
    if (!user || !isRight) this.#refuse(name, '- invalid credentials', peerAddress)
    return this.#admit(user, peerAddress)
  }

  /** The user of a name that was proved elsewhere, by a certificate. Throws `AccessRefused`. */
  authenticateKnown(name: string, peerAddress: string): Readonly<UserDefinition> {
    this.#throttle?.assertMayTry(peerAddress)
    const user = this.#definitions.get('user', [name])
    if (!user) this.#refuse(name, '- invalid credentials', peerAddress)
    return this.#admit(user, peerAddress)
  }

  #refuse(user: string, problem: string, peerAddress: string): never {
    this.#throttle?.failed(peerAddress)
    throw new AccessRefused(`user '${user}' ${problem}`, user)
  }

  #admit(user: Readonly<UserDefinition>, peerAddress: string): Readonly<UserDefinition> {
    if (this.#loopbackUsers.has(user.name) && !isLoopback(peerAddress)) {
      this.#refuse(user.name, 'can only connect via localhost', peerAddress)
    }
    return user
  }

  /** Whether the user has any permission in the virtual host, which lets them in. */
  canEnter(user: string, vhost: string): boolean {
    return this.#definitions.get('permission', [vhost, user]) !== undefined
  }

  /** Whether the user may configure, write to or read the queue or exchange of that name. */
  can(user: string, vhost: string, permission: Permission, name: string): boolean {
    const key = joinKey([vhost, user])
    const compiled = this.#compiled.get(key) ?? this.#compile(key, user, vhost)
    return compiled?.[permission].test(name === '' ? DEFAULT_EXCHANGE_NAME : name) ?? false
  }

  /** Whether the routing key is allowed on a topic exchange. Without a topic permission for the exchange, all are. */
  canTopic(topic: Topic, permission: 'write' | 'read', key: string): boolean {
    if (this.#definitions.count('topicPermission') === 0) return true
    const cacheKey = joinKey([topic.vhost, topic.user, topic.exchange])
    const compiled = this.#compiledTopics.get(cacheKey) ?? this.#compileTopic(cacheKey, topic)
    return compiled?.[permission].test(key) ?? true
  }

  #compile(cacheKey: string, user: string, vhost: string): Compiled | undefined {
    const found = this.#definitions.get('permission', [vhost, user])
    if (!found) return undefined
    const compiled = { configure: compile(found.configure), write: compile(found.write), read: compile(found.read) }
    this.#compiled.set(cacheKey, compiled)
    return compiled
  }

  #compileTopic(cacheKey: string, { user, vhost, exchange }: Topic): CompiledTopic | undefined {
    const found = this.#definitions.get('topicPermission', [vhost, user, exchange])
    if (!found) return undefined
    const fill = (pattern: string): string =>
      pattern.replaceAll('{username}', escapePattern(user)).replaceAll('{vhost}', escapePattern(vhost))
    const compiled = { write: compile(fill(found.write)), read: compile(fill(found.read)) }
    this.#compiledTopics.set(cacheKey, compiled)
    return compiled
  }

  #forget(): void {
    this.#version++
    this.#compiled.clear()
    this.#compiledTopics.clear()
  }
}

function compile(pattern: string): Pattern {
  return compileStoredPattern(pattern === '' ? NOTHING : pattern)
}

/** A replacement text: `$` would mean a group there. */
function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&').replaceAll('$', '$$$$')
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address)
}

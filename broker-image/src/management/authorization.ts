/** Who may do what over HTTP: Basic login, user tags, and the virtual hosts a user can enter [RabbitMQ management]. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Permission } from '../access/access.ts'
import { AccessRefused } from '../access/access-refused.ts'
import type { UserDefinition } from '../definitions/model.ts'
import { type ManagementContext, param } from './context.ts'
import { loginFailed, notAuthorised, notFound, tooManyLogins } from './http-error.ts'
import type { ManagedBroker } from './managed.ts'

/** What a route asks for; every route that is not open asks for `management` at least. */
export type Role = 'management' | 'policymaker' | 'monitoring' | 'administrator'

declare module 'fastify' {
  interface FastifyContextConfig {
    role?: Role
    /** Nobody need log in. */
    isOpen?: true
  }
  interface FastifyRequest {
    /** Who is logged in; undefined on open routes. */
    user: Readonly<UserDefinition> | undefined
  }
}

const TAGS_OF_ROLE: { readonly [role in Role]: readonly string[] } = {
  management: ['administrator', 'monitoring', 'policymaker', 'management'],
  policymaker: ['administrator', 'policymaker'],
  monitoring: ['administrator', 'monitoring'],
  administrator: ['administrator'],
}

const REFUSAL_OF_ROLE: { readonly [role in Role]: string } = {
  management: 'Not management user',
  policymaker: 'User not authorised to access object',
  monitoring: 'Not monitor user',
  administrator: 'Not administrator user',
}

/** Puts the login before every route that is not open. The URL says nothing of that: it can be spelt in many ways. */
export function requireLogin(app: FastifyInstance, { broker }: ManagementContext): void {
  app.decorateRequest('user', undefined)
  app.addHook('onRequest', async request => {
    if (request.is404) return
    const { isOpen, role = 'management' } = request.routeOptions.config
    if (isOpen) return
    const user = login(broker, request)
    request.user = user
    if (!hasRole(user, 'management')) throw notAuthorised(REFUSAL_OF_ROLE.management)
    if (!hasRole(user, role)) throw notAuthorised(REFUSAL_OF_ROLE[role])
    checkVhost(broker, request)
  })
}

export function hasRole(user: Readonly<UserDefinition>, role: Role): boolean {
  return user.tags.some(tag => TAGS_OF_ROLE[role].includes(tag))
}

function login(broker: ManagedBroker, request: FastifyRequest): Readonly<UserDefinition> {
  const [scheme, credentials = ''] = (request.headers.authorization ?? '').split(' ')
  const text = Buffer.from(credentials, 'base64').toString()
  const colon = text.indexOf(':')
  if (scheme?.toLowerCase() !== 'basic' || colon < 0) throw loginFailed()
  try {
    return broker.access.authenticate(text.slice(0, colon), text.slice(colon + 1), request.ip)
  } catch (cause) {
    if (!(cause instanceof AccessRefused)) throw cause
    throw cause.retrySeconds === undefined ? loginFailed() : tooManyLogins(cause.retrySeconds)
  }
}

/** Administrators reach every virtual host, monitoring users see every one, others those where they have permissions. */
function checkVhost(broker: ManagedBroker, request: FastifyRequest): void {
  const vhost = param(request, 'vhost')
  if (vhost === '' || request.routeOptions.url === '/api/vhosts/:vhost') return
  if (!broker.vhosts.has(vhost)) throw notFound()
  if (!canSee(broker, request, vhost)) throw notAuthorised('User not authorised to access virtual host')
}

/** Whether the virtual host's content belongs into an answer to this request. */
export function canSee(broker: ManagedBroker, request: FastifyRequest, vhost: string): boolean {
  const user = userOf(request)
  const isReading = request.method === 'GET' || request.method === 'HEAD'
  return hasRole(user, isReading ? 'monitoring' : 'administrator') || broker.access.canEnter(user.name, vhost)
}

/** Throws 401 unless the user may do that to the queue or exchange. Administrators may. */
export function requirePermission(
  broker: ManagedBroker,
  request: FastifyRequest,
  permission: Permission,
  name: string,
): void {
  const user = userOf(request)
  const vhost = param(request, 'vhost')
  if (hasRole(user, 'administrator') || broker.access.can(user.name, vhost, permission, name)) return
  const refused = `${permission} access to '${name}' in vhost '${vhost}' refused for user '${user.name}'`
  throw notAuthorised(`ACCESS_REFUSED - ${refused}`)
}

export function userOf(request: FastifyRequest): Readonly<UserDefinition> {
  if (!request.user) throw loginFailed()
  return request.user
}

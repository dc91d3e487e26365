/** What every route of the management API works with. */

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../clock.ts'
import { InvalidDefinition, isObject, type JsonObject } from '../definitions/json-values.ts'
import type { Vhost } from '../vhost/vhost.ts'
import { notFound } from './http-error.ts'
import type { ManagedBroker } from './managed.ts'
import type { Rates } from './rates.ts'

export interface ManagementContext {
  readonly broker: ManagedBroker
  readonly clock: Clock
  /** Of counters that only grow. */
  readonly rates: Rates
  /** Of numbers that go up and down. */
  readonly trends: Rates
}

/** A decoded part of the request's path. */
export function param(request: FastifyRequest, name: string): string {
  return (request.params as Record<string, string>)[name] ?? ''
}

/** A parameter of the query; of several the last. */
export function query(request: FastifyRequest, name: string): string | undefined {
  const value = (request.query as Record<string, string | string[] | undefined>)[name]
  return Array.isArray(value) ? value.at(-1) : value
}

/** The JSON object of the body; empty when there is no body. Throws `InvalidDefinition`. */
export function bodyOf(request: FastifyRequest): JsonObject {
  const body = request.body ?? {}
  if (!isObject(body)) throw new InvalidDefinition('the body should be a JSON object')
  return body
}

/** The body of a declaration: one that does not say `durable` means false, as in AMQP [RabbitMQ management]. */
export function declarationOf(request: FastifyRequest): JsonObject {
  return { durable: false, ...bodyOf(request) }
}

/** The virtual host that the path names. Throws `HttpError` 404. */
export function vhostOf({ broker }: ManagementContext, request: FastifyRequest): Vhost {
  const vhost = broker.vhosts.get(param(request, 'vhost'))
  if (!vhost) throw notFound()
  return vhost
}

/** Answers once every change made so far is durable. */
export async function answerStable(
  context: ManagementContext,
  reply: FastifyReply,
  status: number,
): Promise<FastifyReply> {
  await new Promise<void>(resolve => context.broker.definitions.whenStable(resolve))
  return reply.code(status).send()
}

/** 201 for what is new, 204 for what was there. */
export function createdStatus(isNew: boolean): number {
  return isNew ? 201 : 204
}

/** The exchange that the path names: the one without a name is `amq.default` there. */
export function exchangeNameOf(request: FastifyRequest, name = 'exchange'): string {
  const exchange = param(request, name)
  return exchange === 'amq.default' ? '' : exchange
}

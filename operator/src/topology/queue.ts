/** Compares a `Queue` with what the broker has: declare, bind, unbind, or say why the queue there cannot be this one. */

import type { Queue, QueueBinding } from '../api/queue.ts'
import type { Arguments, BindingInfo, QueueInfo } from '../broker-api.ts'
import { sameJson } from '../compare.ts'
import type { Change, Difference } from './change.ts'
import { type BrokerView, keyOf } from './view.ts'

export function queueName(queue: Queue): string {
  return queue.spec.name ?? queue.metadata.name
}

/** The queue in the broker, if it is there. */
export function findQueue(queue: Queue, view: BrokerView): QueueInfo | undefined {
  return view.queues.get(keyOf(queue.spec.vhost, queueName(queue)))
}

/** Arguments to declare with: RabbitMQ takes the type as one of them, and classic is what it is without. */
function declaredArguments({ spec }: Queue): Arguments {
  return spec.type === 'classic' ? spec.arguments : { ...spec.arguments, 'x-queue-type': spec.type }
}

export function queueDifference(queue: Queue, view: BrokerView): Difference {
  const { spec } = queue
  if (!view.vhosts.has(spec.vhost)) {
    const message = `spec.vhost: the broker has no virtual host "${spec.vhost}": create it, or correct the name`
    return { refusal: { reason: 'VhostMissing', message } }
  }
  const existing = findQueue(queue, view)
  const declare: Change = {
    do: 'declareQueue',
    vhost: spec.vhost,
    name: queueName(queue),
    durable: spec.durable,
    autoDelete: spec.autoDelete,
    arguments: declaredArguments(queue),
  }
  if (existing === undefined) return { changes: [declare, ...bindingChanges(queue, view)] }
  const mismatch = findMismatch(queue, existing)
  if (mismatch !== undefined) return { refusal: { reason: 'QueueDiffers', message: mismatch } }
  return { changes: bindingChanges(queue, view) }
}

/** A queue's properties never change in AMQP. Which one differs, and what to do about it. */
function findMismatch(queue: Queue, existing: QueueInfo): string | undefined {
  const wanted: Arguments = { ...declaredArguments(queue), 'x-queue-type': queue.spec.type }
  const given: Arguments = { ...existing.arguments, 'x-queue-type': existing.arguments['x-queue-type'] ?? 'classic' }
  const facts: [string, unknown, unknown][] = [
    ['spec.type', wanted['x-queue-type'], given['x-queue-type']],
    ['spec.durable', queue.spec.durable, existing.durable],
    ['spec.autoDelete', queue.spec.autoDelete, existing.auto_delete],
    ...[...new Set([...Object.keys(wanted), ...Object.keys(given)])].map(
      name => [`spec.arguments.${name}`, wanted[name], given[name]] as [string, unknown, unknown],
    ),
  ]
  const different = facts.find(([, want, have]) => !sameJson(want, have))
  if (different === undefined) return undefined
  const [field, want, have] = different
  return (
    `${field} is ${said(want)}, but queue "${existing.name}" in the broker has ${said(have)}, and a queue cannot change: ` +
    'put the field back, or delete the queue in the broker once its messages are consumed'
  )
}

function said(value: unknown): string {
  return value === undefined ? 'not set' : JSON.stringify(value)
}

function sameBinding(wanted: QueueBinding, info: BindingInfo): boolean {
  return (
    wanted.exchange === info.source &&
    wanted.routingKey === info.routing_key &&
    sameJson(wanted.arguments, info.arguments)
  )
}

/** Bindings that this object once made (its status says so), no longer wants, and that are still in the broker. */
function leftBindings({ spec, status }: Queue, existing: readonly BindingInfo[]): QueueBinding[] {
  return (status?.bindings ?? []).filter(
    old => !spec.bindings.some(wanted => sameJson(wanted, old)) && existing.some(info => sameBinding(old, info)),
  )
}

function existingBindings({ spec, metadata }: Queue, view: BrokerView): BindingInfo[] {
  return [...(view.bindings.get(keyOf(spec.vhost, spec.name ?? metadata.name))?.values() ?? [])]
}

/** The bindings that this object answers for: those of the spec, and those that still have to go. */
export function ownBindings(queue: Queue, view: BrokerView): QueueBinding[] {
  return [...queue.spec.bindings, ...leftBindings(queue, existingBindings(queue, view))]
}

/** Binds what is missing and unbinds what is left over; what others bound is left alone. */
function bindingChanges(queue: Queue, view: BrokerView): Change[] {
  const names = { vhost: queue.spec.vhost, queue: queueName(queue) }
  const existing = existingBindings(queue, view)
  const changes: Change[] = queue.spec.bindings
    .filter(wanted => !existing.some(info => sameBinding(wanted, info)))
    .map(wanted => ({ do: 'bind', ...names, ...wanted }))
  for (const old of leftBindings(queue, existing)) {
    const info = existing.find(candidate => sameBinding(old, candidate))
    // One that we made since the last read has no name yet; it goes after the next read.
    if (info?.properties_key === undefined) continue
    changes.push({ do: 'unbind', ...names, exchange: info.source, propertiesKey: info.properties_key })
  }
  return changes
}

/** What a change of the definitions is called by `amq.rabbitmq.event`, and what is told of it [rabbitmq_event_exchange]. */
import type { DefinitionChange } from '../definitions/definitions.ts'
import type {
  BindingDefinition,
  DefinitionKinds,
  ExchangeDefinition,
  ParameterDefinition,
  PermissionDefinition,
  PolicyDefinition,
  QueueDefinition,
  TopicPermissionDefinition,
  UserDefinition,
  VhostDefinition,
} from '../definitions/model.ts'
import { builtInExchanges, defaultExchange } from '../vhost/built-in.ts'
import type { FieldTable } from '../wire/field-table.ts'
import { argumentTexts } from './erlang-text.ts'

export interface Event {
  /** Its routing key. */
  readonly type: string
  readonly headers: FieldTable
}

/** `value` is what it is now, `previous` what it was; never both are missing. */
type Teller<T> = (value: T | undefined, previous: T | undefined) => readonly Event[]

const TELLERS: { readonly [K in keyof DefinitionKinds]?: Teller<DefinitionKinds[K]> } = {
  vhost: vhostEvents,
  user: userEvents,
  permission: permissionEvents,
  topicPermission: topicPermissionEvents,
  exchange: exchangeEvents,
  queue: queueEvents,
  binding: bindingEvents,
  policy: policyEvents,
  operatorPolicy: operatorPolicyEvents,
  parameter: parameterEvents,
}

/** The events of a change, in order. */
export function eventsOf({ kind, value, previous }: DefinitionChange): readonly Event[] {
  const teller = TELLERS[kind] as Teller<unknown> | undefined
  return teller?.(value, previous) ?? []
}

function vhostEvents(value?: VhostDefinition, previous?: VhostDefinition): Event[] {
  const name = (value ?? previous)!.name
  const exchanges = [defaultExchange(name), ...builtInExchanges(name)]
  if (value === undefined) {
    const gone = exchanges.flatMap(exchange => exchangeEvents(undefined, exchange))
    return [...gone, { type: 'vhost.deleted', headers: { name } }]
  }
  const { description, tags, tracing, defaultQueueType } = value
  const headers = { name, description, tags, tracing, default_queue_type: defaultQueueType }
  if (previous !== undefined) return [{ type: 'vhost.updated', headers }]
  return [...exchanges.flatMap(exchange => exchangeEvents(exchange)), { type: 'vhost.created', headers }]
}

function userEvents(value?: UserDefinition, previous?: UserDefinition): Event[] {
  const name = (value ?? previous)!.name
  if (value === undefined) return [{ type: 'user.deleted', headers: { name } }]
  const { tags, limits, passwordHash } = value
  const tagged = { type: 'user.tags.set', headers: { name, tags } }
  if (previous === undefined) {
    return [{ type: 'user.created', headers: { name } }, ...(tags.length > 0 ? [tagged] : [])]
  }
  if (!isSame(limits, previous.limits)) return [limitsEvent('user.limits', limits, { username: name })]
  if (passwordHash === previous.passwordHash) return [tagged]
  const type = passwordHash === '' ? 'user.password.cleared' : 'user.password.changed'
  return [{ type, headers: { name } }, tagged]
}

const isSame = (a: UserDefinition['limits'], b: UserDefinition['limits']): boolean =>
  JSON.stringify(a) === JSON.stringify(b)

function limitsEvent(type: string, limits: FieldTable | undefined, whose: FieldTable): Event {
  const isSet = limits !== undefined && Object.keys(limits).length > 0
  return { type: `${type}.${isSet ? 'set' : 'cleared'}`, headers: { ...limits, ...whose, name: 'limits' } }
}

function permissionEvents(value?: PermissionDefinition, previous?: PermissionDefinition): Event[] {
  if (value !== undefined) return [{ type: 'permission.created', headers: { ...value } }]
  const { user, vhost } = previous!
  return [{ type: 'permission.deleted', headers: { user, vhost } }]
}

function topicPermissionEvents(value?: TopicPermissionDefinition, previous?: TopicPermissionDefinition): Event[] {
  if (value !== undefined) return [{ type: 'topic.permission.created', headers: { ...value } }]
  const { user, vhost } = previous!
  return [{ type: 'topic.permission.deleted', headers: { user, vhost } }]
}

function exchangeEvents(value?: ExchangeDefinition, previous?: ExchangeDefinition): Event[] {
  const { vhost, name, type, durable, autoDelete, internal, arguments: args } = (value ?? previous)!
  if (value === undefined) return [{ type: 'exchange.deleted', headers: { name, vhost } }]
  if (previous !== undefined) return []
  const traits = { type, durable, auto_delete: autoDelete, internal, arguments: argumentTexts(args), policy: '' }
  return [{ type: 'exchange.created', headers: { vhost, name, ...traits } }]
}

function queueEvents(value?: QueueDefinition, previous?: QueueDefinition): Event[] {
  const { vhost, name, durable, autoDelete, exclusive, arguments: args } = (value ?? previous)!
  if (value === undefined) return [{ type: 'queue.deleted', headers: { name, vhost } }]
  if (previous !== undefined) return []
  const traits = { durable, auto_delete: autoDelete, exclusive, arguments: argumentTexts(args) }
  return [{ type: 'queue.created', headers: { vhost, name, ...traits } }]
}

function bindingEvents(value?: BindingDefinition, previous?: BindingDefinition): Event[] {
  if (value !== undefined && previous !== undefined) return []
  const { vhost, source, destination, destinationType, routingKey, arguments: args } = (value ?? previous)!
  const headers = {
    source_name: source,
    source_kind: 'exchange',
    destination_name: destination,
    destination_kind: destinationType,
    routing_key: routingKey,
    arguments: argumentTexts(args),
    vhost,
  }
  return [{ type: value === undefined ? 'binding.deleted' : 'binding.created', headers }]
}

function policyEvents(value?: PolicyDefinition, previous?: PolicyDefinition): Event[] {
  const { vhost, name } = (value ?? previous)!
  if (value === undefined) return [{ type: 'policy.cleared', headers: { vhost, name } }]
  return [{ type: 'policy.set', headers: { vhost, name, ...policyTable(value) } }]
}

function policyTable({ pattern, definition, priority, applyTo }: PolicyDefinition): FieldTable {
  return { pattern, definition, priority, 'apply-to': applyTo }
}

/** An operator policy is a parameter too. */
function operatorPolicyEvents(value?: PolicyDefinition, previous?: PolicyDefinition): Event[] {
  const { vhost, name } = (value ?? previous)!
  const headers = { vhost, component: 'operator_policy', name }
  if (value === undefined) {
    const cleared = { type: 'operator.policy.cleared', headers: { vhost, name } }
    return [{ type: 'parameter.cleared', headers }, cleared]
  }
  return [{ type: 'parameter.set', headers: { ...headers, value: policyTable(value) } }, ...policyEvents(value)]
}

/** A global parameter has no virtual host; the limits of one are told twice. */
function parameterEvents(now?: ParameterDefinition, previous?: ParameterDefinition): Event[] {
  const { vhost, component, name } = (now ?? previous)!
  const headers = vhost === '' ? { component: 'global', name } : { vhost, component, name }
  const event =
    now === undefined
      ? { type: 'parameter.cleared', headers }
      : { type: 'parameter.set', headers: { ...headers, value: now.value } }
  if (component !== 'vhost-limits') return [event]
  return [event, limitsEvent('vhost.limits', now?.value as FieldTable | undefined, { vhost })]
}

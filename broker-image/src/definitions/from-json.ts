/** Definitions out of the JSON of RabbitMQ's HTTP API; each function throws `InvalidDefinition` for what it can't be. */

import { NAME_BYTES_MAX, TABLE_DEPTH_MAX } from '../limits.ts'
import { patternProblem } from '../pattern/pattern.ts'
import {
  argumentsFromJson,
  assertDepth,
  booleanField,
  InvalidDefinition,
  isObject,
  type JsonObject,
  stringField,
  wordsField,
} from './json-values.ts'
import type {
  ArgumentValue,
  BindingDefinition,
  ExchangeDefinition,
  ParameterDefinition,
  PermissionDefinition,
  PolicyDefinition,
  QueueDefinition,
  TopicPermissionDefinition,
  UserDefinition,
  VhostDefinition,
} from './model.ts'
import { userLimitsFrom, VHOST_LIMITS, vhostLimitsFrom } from './named-limits.ts'
import { hashPassword, isHashingAlgorithm } from './passwords.ts'
import { validatePolicy } from './policies.ts'

const DEFAULT_QUEUE_TYPE = 'classic'
const QUEUE_TYPES = ['classic', 'quorum', 'stream']
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

export function nameFrom(json: unknown, field: string): string {
  if (typeof json !== 'string') throw new InvalidDefinition(`${field} should be a string`)
  if (Buffer.byteLength(json) > NAME_BYTES_MAX) throw new InvalidDefinition(`${field} is longer than 255 bytes`)
  return json
}

/** Without a password in the JSON, `previous` keeps its own, and a new user can't log in by password. */
export function userFromJson(name: string, json: JsonObject, previous?: Readonly<UserDefinition>): UserDefinition {
  if (name === '') throw new InvalidDefinition('name of a user should not be empty')
  return {
    name,
    ...passwordFromJson(json, previous),
    tags: wordsField(json, 'tags'),
    limits: json['limits'] === undefined ? { ...previous?.limits } : userLimitsFrom(json['limits']),
  }
}

function passwordFromJson(
  json: JsonObject,
  previous: Readonly<UserDefinition> | undefined,
): Pick<UserDefinition, 'passwordHash' | 'hashingAlgorithm'> {
  const hasPassword = json['password'] !== undefined
  const hasHash = json['password_hash'] !== undefined
  if (hasPassword && hasHash) throw new InvalidDefinition('password and password_hash should not both be there')
  if (!hasPassword && !hasHash && previous) {
    return { passwordHash: previous.passwordHash, hashingAlgorithm: previous.hashingAlgorithm }
  }
  const hashingAlgorithm = stringField(json, 'hashing_algorithm', 'rabbit_password_hashing_sha256')
  if (!isHashingAlgorithm(hashingAlgorithm)) {
    throw new InvalidDefinition(`hashing_algorithm ${hashingAlgorithm} is not known`)
  }
  if (hasPassword) {
    const password = stringField(json, 'password')
    return { passwordHash: password === '' ? '' : hashPassword(password, hashingAlgorithm), hashingAlgorithm }
  }
  const passwordHash = stringField(json, 'password_hash', '')
  if (!BASE64.test(passwordHash)) throw new InvalidDefinition('password_hash should be base64')
  return { passwordHash, hashingAlgorithm }
}

export function vhostFromJson(name: string, json: JsonObject, previous?: Readonly<VhostDefinition>): VhostDefinition {
  if (name === '') throw new InvalidDefinition('name of a virtual host should not be empty')
  const metadata = isObject(json['metadata']) ? json['metadata'] : {}
  const merged: JsonObject = { ...metadata, ...json }
  return {
    name,
    description: stringField(merged, 'description', previous?.description ?? ''),
    tags: merged['tags'] === undefined ? [...(previous?.tags ?? [])] : wordsField(merged, 'tags'),
    defaultQueueType: queueTypeFrom(merged) ?? previous?.defaultQueueType ?? DEFAULT_QUEUE_TYPE,
    tracing: booleanField(merged, 'tracing', previous?.tracing ?? false),
  }
}

/** RabbitMQ's files also say `undefined`, or name its module, as `rabbit_quorum_queue`. */
function queueTypeFrom(json: JsonObject): string | undefined {
  if (json['default_queue_type'] == null) return undefined
  const text = stringField(json, 'default_queue_type')
  const type = text === 'undefined' ? DEFAULT_QUEUE_TYPE : text.replace(/^rabbit_(\w+)_queue$/, '$1')
  if (!QUEUE_TYPES.includes(type)) throw new InvalidDefinition(`Unsupported default queue type '${text}'`)
  return type
}

export function permissionFromJson(vhost: string, user: string, json: JsonObject): PermissionDefinition {
  return {
    user,
    vhost,
    configure: patternField(json, 'configure'),
    write: patternField(json, 'write'),
    read: patternField(json, 'read'),
  }
}

export function topicPermissionFromJson(vhost: string, user: string, json: JsonObject): TopicPermissionDefinition {
  const exchange = nameFrom(json['exchange'], 'exchange')
  return { user, vhost, exchange, write: patternField(json, 'write'), read: patternField(json, 'read') }
}

function patternField(json: JsonObject, field: string): string {
  const pattern = stringField(json, field)
  const problem = patternProblem(pattern)
  if (problem !== undefined) {
    throw new InvalidDefinition(`${field} should be a regular expression, got ${pattern}: ${problem}`)
  }
  return pattern
}

/** Errors have RabbitMQ's form: `Validation failed`, an empty line, the reason. */
export function policyFromJson(
  key: { vhost: string; name: string },
  json: JsonObject,
  isOperator = false,
): PolicyDefinition {
  const policy: PolicyDefinition = {
    ...key,
    pattern: stringField(json, 'pattern'),
    applyTo: stringField(json, 'apply-to', 'all') as PolicyDefinition['applyTo'],
    priority: Number(json['priority'] ?? 0),
    definition: argumentsFromJson(json['definition'], 'definition'),
  }
  const complaint = validatePolicy(policy, isOperator)
  if (complaint !== undefined) throw new InvalidDefinition(`Validation failed\n\n${complaint}\n`)
  return policy
}

export function exchangeFromJson(vhost: string, name: string, json: JsonObject): ExchangeDefinition {
  return {
    vhost,
    name: nameFrom(name, 'name'),
    type: stringField(json, 'type', 'direct'),
    durable: booleanField(json, 'durable', true),
    autoDelete: booleanField(json, 'auto_delete', false),
    internal: booleanField(json, 'internal', false),
    arguments: argumentsFromJson(json['arguments'] ?? {}),
  }
}

export function queueFromJson(vhost: string, name: string, json: JsonObject): Omit<QueueDefinition, 'id'> {
  const type = json['type']
  const typeArguments = typeof type === 'string' && type !== DEFAULT_QUEUE_TYPE ? { 'x-queue-type': type } : {}
  return {
    vhost,
    name: nameFrom(name, 'name'),
    durable: booleanField(json, 'durable', true),
    autoDelete: booleanField(json, 'auto_delete', false),
    exclusive: false,
    arguments: { ...typeArguments, ...argumentsFromJson(json['arguments'] ?? {}) },
  }
}

export function bindingFromJson(
  ends: Pick<BindingDefinition, 'vhost' | 'source' | 'destination' | 'destinationType'>,
  json: JsonObject,
): BindingDefinition {
  return {
    ...ends,
    routingKey: nameFrom(json['routing_key'] ?? '', 'routing_key'),
    arguments: argumentsFromJson(json['arguments'] ?? {}),
  }
}

export function parameterFromJson(key: Omit<ParameterDefinition, 'value'>, json: JsonObject): ParameterDefinition {
  const value = json['value']
  if (value === undefined) throw new InvalidDefinition('value is missing')
  assertDepth(value, 'value', TABLE_DEPTH_MAX)
  if (key.component !== VHOST_LIMITS.component) return { ...key, value: value as ArgumentValue }
  if (key.name !== VHOST_LIMITS.name) {
    throw new InvalidDefinition(`the parameter of ${key.component} should be named ${VHOST_LIMITS.name}`)
  }
  return { ...key, value: vhostLimitsFrom(value) }
}

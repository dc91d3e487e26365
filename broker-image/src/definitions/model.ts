/** What a broker is told to have: the nouns of RabbitMQ's definitions file, as plain data that survives JSON. */

/** A value of an AMQP field table in a form that survives JSON; byte arrays and timestamps are tagged objects. */
export type ArgumentValue = string | number | boolean | null | ArgumentValue[] | { [key: string]: ArgumentValue }

/** Optional arguments of a queue, exchange or binding (`x-message-ttl` and friends). */
export type Arguments = { [key: string]: ArgumentValue }

export interface VhostDefinition {
  name: string
  description: string
  tags: string[]
  defaultQueueType: string
  tracing: boolean
}

export interface UserDefinition {
  name: string
  /** base64 of a 4 byte salt followed by the hash of salt and password; empty = no password login. */
  passwordHash: string
  hashingAlgorithm: 'rabbit_password_hashing_sha256' | 'rabbit_password_hashing_sha512' | 'rabbit_password_hashing_md5'
  tags: string[]
  limits: { [limit: string]: number }
}

/** Regular expressions over names of resources in one virtual host. */
export interface PermissionDefinition {
  user: string
  vhost: string
  configure: string
  write: string
  read: string
}

export interface TopicPermissionDefinition {
  user: string
  vhost: string
  exchange: string
  write: string
  read: string
}

export interface ExchangeDefinition {
  vhost: string
  name: string
  type: string
  durable: boolean
  autoDelete: boolean
  internal: boolean
  arguments: Arguments
  /** Ids of the queues that hold what the exchange keeps, where it keeps anything; none has a name or a definition. */
  hiddenQueueIds?: number[]
}

export interface QueueDefinition {
  vhost: string
  name: string
  /** Names the queue in log entries; never used again once the queue is deleted. */
  id: number
  durable: boolean
  autoDelete: boolean
  exclusive: boolean
  arguments: Arguments
}

export interface BindingDefinition {
  vhost: string
  source: string
  destination: string
  destinationType: 'queue' | 'exchange'
  routingKey: string
  arguments: Arguments
}

export interface PolicyDefinition {
  vhost: string
  name: string
  pattern: string
  applyTo: 'queues' | 'exchanges' | 'all'
  priority: number
  definition: Arguments
}

export interface ParameterDefinition {
  /** Empty for a global parameter. */
  vhost: string
  component: string
  name: string
  value: ArgumentValue
}

/** Kinds of definitions and the type of each. */
export interface DefinitionKinds {
  vhost: VhostDefinition
  user: UserDefinition
  permission: PermissionDefinition
  topicPermission: TopicPermissionDefinition
  exchange: ExchangeDefinition
  queue: QueueDefinition
  binding: BindingDefinition
  policy: PolicyDefinition
  operatorPolicy: PolicyDefinition
  parameter: ParameterDefinition
}

export type DefinitionKind = keyof DefinitionKinds

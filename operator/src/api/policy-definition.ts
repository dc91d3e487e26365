/** Keys of a policy's definition: RabbitMQ 3.13's names, types and bounds, and what fits together. */

import { type Static, type TSchema, Type } from '@sinclair/typebox'
import type { Rule } from './rule.ts'
import { intOrString, oneOf } from './schema.ts'

const count = (minimum: number, description: string) => Type.Optional(Type.Integer({ minimum, description }))
const text = (description: string) => Type.Optional(Type.String({ maxLength: 255, description }))
const word = <const Word extends string>(words: readonly Word[], description: string) =>
  Type.Optional(oneOf(words, { description }))

export const PolicyDefinition = Type.Object(
  {
    'message-ttl': count(0, 'Time that a message may wait, in milliseconds.'),
    expires: count(1, 'Time without use after which a queue goes, in milliseconds.'),
    'max-length': count(0, 'Most messages that may wait.'),
    'max-length-bytes': count(0, 'Most bytes of bodies that may wait.'),
    'max-in-memory-length': count(0, 'Most messages of a quorum queue in memory.'),
    'max-in-memory-bytes': count(0, 'Most bytes of a quorum queue in memory.'),
    overflow: word(['drop-head', 'reject-publish', 'reject-publish-dlx'], 'What happens above the maximum length.'),
    'delivery-limit': count(0, 'How often a message may come back unacknowledged.'),
    'dead-letter-exchange': text('Exchange for messages that nobody took; "" is the default exchange.'),
    'dead-letter-routing-key': text('Routing key of dead-lettered messages; their own if left out.'),
    'dead-letter-strategy': word(['at-most-once', 'at-least-once'], 'How safely quorum queues dead-letter.'),
    'alternate-exchange': text('Exchange for messages that an exchange could not route.'),
    'queue-mode': word(['default', 'lazy'], 'lazy keeps messages on disk.'),
    'queue-master-locator': word(['min-masters', 'client-local', 'random'], 'Where leaders of new queues are placed.'),
    'queue-leader-locator': word(['client-local', 'balanced'], 'Where leaders of new quorum queues are placed.'),
    'ha-mode': word(['all', 'exactly', 'nodes'], 'On which nodes a queue is mirrored.'),
    'ha-params': Type.Optional(
      intOrString({
        description:
          'With ha-mode exactly the number of replicas; with nodes the names of the nodes, separated by commas.',
      }),
    ),
    'ha-sync-mode': word(['manual', 'automatic'], 'Whether a new mirror copies old messages by itself.'),
    'ha-sync-batch-size': count(1, 'Messages that are copied to a new mirror in one batch.'),
    'ha-promote-on-shutdown': word(['when-synced', 'always'], 'Which mirror may lead after a clean stop.'),
    'ha-promote-on-failure': word(['when-synced', 'always'], 'Which mirror may lead after a failure.'),
  } satisfies { [key: string]: TSchema },
  { minProperties: 1, description: "RabbitMQ's policy keys. At least one is needed." },
)

export type PolicyDefinition = Static<typeof PolicyDefinition>

interface WithDefinition {
  definition: PolicyDefinition
}

const mode = 'self.definition.ha__dash__mode'
const params = 'self.definition.ha__dash__params'
const hasMode = `has(${mode})`
const hasParams = `has(${params})`
const dependants = [
  'ha-params',
  'ha-sync-mode',
  'ha-sync-batch-size',
  'ha-promote-on-shutdown',
  'ha-promote-on-failure',
] as const

export const policyDefinitionRules: readonly Rule<WithDefinition>[] = [
  {
    cel: `!${hasMode} || ${mode} != 'exactly' || (${hasParams} && type(${params}) == int && ${params} >= 1)`,
    message: 'spec.definition.ha-params must be the number of replicas (1 or more) with ha-mode: exactly',
    holds: ({ definition }) =>
      definition['ha-mode'] !== 'exactly' ||
      (typeof definition['ha-params'] === 'number' && definition['ha-params'] >= 1),
  },
  {
    cel: `!${hasMode} || ${mode} != 'nodes' || (${hasParams} && type(${params}) == string && ${params} != '')`,
    message: 'spec.definition.ha-params must name the nodes, separated by commas, with ha-mode: nodes',
    holds: ({ definition }) =>
      definition['ha-mode'] !== 'nodes' ||
      (typeof definition['ha-params'] === 'string' && definition['ha-params'] !== ''),
  },
  {
    cel: `!${hasMode} || ${mode} != 'all' || !${hasParams}`,
    message: 'spec.definition.ha-params is not for ha-mode: all: remove it',
    holds: ({ definition }) => definition['ha-mode'] !== 'all' || definition['ha-params'] === undefined,
  },
  {
    cel: `${hasMode} || !(${dependants.map(key => `has(self.definition.${key.replaceAll('-', '__dash__')})`).join(' || ')})`,
    message: 'spec.definition.ha-mode is needed beside the other ha- keys: all, exactly or nodes',
    holds: ({ definition }) =>
      definition['ha-mode'] !== undefined || dependants.every(key => definition[key] === undefined),
  },
]

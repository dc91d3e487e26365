/** Arguments of queues: the known ones with their types and bounds (RabbitMQ's `declare_args`), unknown ones passed on. */

import { type TSchema, Type } from '@sinclair/typebox'
import type { Rule } from './rule.ts'
import { type JsonTable, oneOf, openObject } from './schema.ts'

const known: { [argument: string]: TSchema } = {
  'x-message-ttl': Type.Integer({ minimum: 0, description: 'Time that a message may wait, in milliseconds.' }),
  'x-expires': Type.Integer({
    minimum: 1,
    description: 'Time without use after which the queue goes, in milliseconds.',
  }),
  'x-max-length': Type.Integer({ minimum: 0, description: 'Most messages that may wait.' }),
  'x-max-length-bytes': Type.Integer({ minimum: 0, description: 'Most bytes of bodies that may wait.' }),
  'x-overflow': oneOf(['drop-head', 'reject-publish', 'reject-publish-dlx'], {
    description: 'What happens to messages above the maximum.',
  }),
  'x-dead-letter-exchange': Type.String({ maxLength: 255, description: 'Exchange for messages that nobody took.' }),
  'x-dead-letter-routing-key': Type.String({ maxLength: 255, description: 'Routing key of dead-lettered messages.' }),
  'x-dead-letter-strategy': oneOf(['at-most-once', 'at-least-once'], {
    description: 'at-least-once keeps a dead message until another queue has it; needs x-overflow reject-publish.',
  }),
  'x-max-priority': Type.Integer({ minimum: 0, maximum: 255, description: 'Number of priorities of a classic queue.' }),
  'x-single-active-consumer': Type.Boolean({ description: 'Whether only one consumer at a time gets messages.' }),
  'x-queue-mode': oneOf(['default', 'lazy'], { description: 'lazy keeps messages on disk.' }),
  'x-delivery-limit': Type.Integer({ minimum: 0, description: 'How often a message may come back unacknowledged.' }),
  'x-queue-type': Type.String({ maxLength: 64, description: 'Not to be used: set spec.type.' }),
}

export const QueueArguments = openObject({
  default: {},
  maxProperties: 64,
  properties: known,
  description: 'Arguments of the declaration (x-…). They cannot change once the queue exists; a Policy can.',
})

interface Declared {
  type: 'classic' | 'quorum'
  arguments: JsonTable
}

/** How CEL names an argument: dashes are not allowed in its identifiers. */
function celName(argument: string): string {
  return `self.arguments.${argument.replaceAll('-', '__dash__')}`
}

function onlyFor(type: Declared['type'], argument: string): Rule<Declared> {
  return {
    cel: `self.type == '${type}' || !has(${celName(argument)})`,
    message: `spec.arguments.${argument} is for ${type} queues only: remove it or set type: ${type}`,
    holds: spec => spec.type === type || spec.arguments[argument] === undefined,
  }
}

export const queueArgumentRules: readonly Rule<Declared>[] = [
  {
    cel: `!has(${celName('x-queue-type')})`,
    message: 'spec.arguments.x-queue-type is not for here: set spec.type',
    holds: spec => spec.arguments['x-queue-type'] === undefined,
  },
  {
    cel: `!has(${celName('x-dead-letter-routing-key')}) || has(${celName('x-dead-letter-exchange')})`,
    message:
      'spec.arguments.x-dead-letter-routing-key needs x-dead-letter-exchange beside it ("" is the default exchange)',
    holds: ({ arguments: given }) =>
      given['x-dead-letter-routing-key'] === undefined || given['x-dead-letter-exchange'] !== undefined,
  },
  {
    cel: `!has(${celName('x-overflow')}) || has(${celName('x-max-length')}) || has(${celName('x-max-length-bytes')}) || has(${celName('x-dead-letter-strategy')})`,
    message: 'spec.arguments.x-overflow needs x-max-length or x-max-length-bytes beside it',
    holds: ({ arguments: given }) =>
      given['x-overflow'] === undefined ||
      given['x-max-length'] !== undefined ||
      given['x-max-length-bytes'] !== undefined ||
      given['x-dead-letter-strategy'] !== undefined,
  },
  onlyFor('classic', 'x-max-priority'),
  onlyFor('classic', 'x-queue-mode'),
]

/** The table of policy keys: what each may hold, and how an operator policy joins a user's [rabbit_policies of RabbitMQ 3.10]. */

import { NAME_BYTES_MAX } from '../limits.ts'
import type { ArgumentValue } from './model.ts'

export interface PolicyKey {
  isValid: (value: ArgumentValue) => boolean
  /** Follows the refused value in the error. */
  complaint: string
  /** How an operator's value joins the user's; absent where an operator policy may not have the key. */
  operatorMerge?: 'min'
}

const text = (value: ArgumentValue): boolean => typeof value === 'string'
/** A dead letter with a longer routing key would fit no frame. */
const routingKey = (value: ArgumentValue): boolean =>
  typeof value === 'string' && Buffer.byteLength(value) <= NAME_BYTES_MAX
const count = (value: ArgumentValue): boolean => Number.isSafeInteger(value) && (value as number) >= 0
const positive = (value: ArgumentValue): boolean => Number.isSafeInteger(value) && (value as number) >= 1
const oneOf =
  (...allowed: ArgumentValue[]) =>
  (value: ArgumentValue): boolean =>
    allowed.includes(value)
const list = (value: ArgumentValue): boolean => Array.isArray(value) && value.every(item => typeof item === 'string')

const AGE = /^\d+[YMDhms]$/

/** Keys of RabbitMQ 3.13 without those of plugins that are not here. */
export const POLICY_KEYS: { readonly [key: string]: PolicyKey } = {
  'alternate-exchange': { isValid: text, complaint: 'is not a valid alternate exchange name' },
  'dead-letter-exchange': { isValid: text, complaint: 'is not a valid dead letter exchange name' },
  'dead-letter-routing-key': { isValid: routingKey, complaint: 'is not a valid dead letter routing key' },
  'dead-letter-strategy': {
    isValid: oneOf('at-most-once', 'at-least-once'),
    complaint: 'is not a valid dead letter strategy',
  },
  'message-ttl': { isValid: count, complaint: 'is not a valid message TTL', operatorMerge: 'min' },
  expires: { isValid: positive, complaint: 'is not a valid queue expiry', operatorMerge: 'min' },
  'max-length': { isValid: count, complaint: 'is not a valid maximum length', operatorMerge: 'min' },
  'max-length-bytes': {
    isValid: count,
    complaint: 'is not a valid maximum length in bytes',
    operatorMerge: 'min',
  },
  'max-in-memory-length': {
    isValid: count,
    complaint: 'is not a valid maximum memory in messages',
    operatorMerge: 'min',
  },
  'max-in-memory-bytes': { isValid: count, complaint: 'is not a valid maximum memory in bytes', operatorMerge: 'min' },
  'delivery-limit': { isValid: count, complaint: 'is not a valid delivery limit', operatorMerge: 'min' },
  overflow: {
    isValid: oneOf('drop-head', 'reject-publish', 'reject-publish-dlx'),
    complaint: 'is not a valid overflow value',
  },
  'queue-mode': { isValid: oneOf('default', 'lazy'), complaint: 'is not a valid queue-mode value' },
  'queue-version': { isValid: oneOf(1, 2), complaint: 'is not a valid queue-version value' },
  'queue-leader-locator': {
    isValid: oneOf('client-local', 'balanced', 'random', 'least-leaders'),
    complaint: 'is not a valid queue leader locator value',
  },
  'queue-master-locator': {
    isValid: oneOf('min-masters', 'client-local', 'random'),
    complaint: 'is not a valid queue-master-locator value',
  },
  'max-age': {
    isValid: value => typeof value === 'string' && AGE.test(value),
    complaint: 'is not a valid max age',
  },
  'stream-max-segment-size-bytes': { isValid: count, complaint: 'is not a valid segment size' },
  'initial-cluster-size': { isValid: count, complaint: 'is not a valid cluster size' },
  'ha-mode': { isValid: oneOf('all', 'exactly', 'nodes'), complaint: 'is not a valid ha-mode value' },
  'ha-params': {
    isValid: value => positive(value) || list(value),
    complaint: 'is not a valid ha-params value: a number above 0, or a list of node names',
  },
  'ha-sync-mode': {
    isValid: oneOf('manual', 'automatic'),
    complaint: 'is not a valid ha-sync-mode value: "manual" or "automatic"',
  },
  'ha-sync-batch-size': { isValid: positive, complaint: 'is not a valid ha-sync-batch-size value' },
  'ha-promote-on-shutdown': {
    isValid: oneOf('always', 'when-synced'),
    complaint: 'is not a valid ha-promote-on-shutdown value: "always" or "when-synced"',
  },
  'ha-promote-on-failure': {
    isValid: oneOf('always', 'when-synced'),
    complaint: 'is not a valid ha-promote-on-failure value: "always" or "when-synced"',
  },
}

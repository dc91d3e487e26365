/** Arguments of the exchanges that keep messages: delayed, deduplicating, and with a recent history. */

import { ChannelError, ConnectionError } from '../wire/errors.ts'
import type { FieldTable, FieldValue } from '../wire/field-table.ts'

export const DELAYED_TYPE = 'x-delayed-message'
export const DEDUPLICATION_TYPE = 'x-message-deduplication'
export const HISTORY_TYPE = 'x-recent-history'

/** Argument of any exchange or queue that is to drop duplicates [LavinMQ, rabbitmq-message-deduplication]. */
export const DEDUPLICATES = 'x-message-deduplication'
/** Argument that names the header which tells duplicates [LavinMQ]; by default the header of that same name. */
const DEDUPLICATION_HEADER = 'x-deduplication-header'

const HISTORY_LENGTH = 'x-recent-history-length'
/** Messages of a history without an argument [RabbitMQ]. */
const HISTORY_LENGTH_DEFAULT = 20
/** Keys remembered by an exchange that deduplicates by argument alone and says no size. */
const CACHE_SIZE_DEFAULT = 65_536

/** The type whose routing rules a delayed exchange follows. @throws ChannelError 406 when there is none. */
export function delayedType(args: FieldTable): string {
  const type = args['x-delayed-type']
  if (typeof type === 'string' && type !== DELAYED_TYPE) return type
  throw refused("Invalid argument, 'x-delayed-type' must be an existing exchange type")
}

/** `validateType` checks an exchange of another type. @throws ChannelError 406, ConnectionError 503 when there is no such type. */
export function validateDelayed(
  args: FieldTable,
  isType: (type: string) => boolean,
  validateType: (type: string, args: FieldTable) => void,
): void {
  const type = delayedType(args)
  if (!isType(type)) throw new ConnectionError('COMMAND_INVALID', `unknown exchange type '${type}'`)
  validateType(type, args)
}

/** @throws ChannelError 406. */
export function validateHistory(args: FieldTable): void {
  const length = args[HISTORY_LENGTH]
  if (length === undefined || isPositive(length)) return
  const shown = typeof length === 'string' ? `<<"${length}">>` : `${length}`
  throw refused(`Invalid argument ${shown}, 'x-recent-history-length' must be a positive integer`)
}

/** Messages that a history holds; the argument has been checked. */
export function historyLength(args: FieldTable): number {
  return Number(args[HISTORY_LENGTH] ?? HISTORY_LENGTH_DEFAULT)
}

/** Checks an exchange of the type: its cache has a size. @throws ChannelError 406. */
export function validateCacheExchange(args: FieldTable): void {
  if (args['x-cache-size'] === undefined) throw wrongSize()
  validateCache(args)
}

/** Checks what an exchange of any type says of deduplication. @throws ChannelError 406. */
export function validateDeduplication(args: FieldTable): void {
  const value = args[DEDUPLICATES]
  if (value === undefined) return
  if (typeof value !== 'boolean') throw refused(`Invalid argument, '${DEDUPLICATES}' must be a boolean`)
  validateCache(args)
}

function validateCache(args: FieldTable): void {
  const persistence = args['x-cache-persistence']
  const header = args[DEDUPLICATION_HEADER]
  if (args['x-cache-size'] !== undefined && !isCount(args['x-cache-size'])) throw wrongSize()
  if (args['x-cache-ttl'] !== undefined && !isCount(args['x-cache-ttl'])) {
    throw refused("Invalid argument, 'x-cache-ttl' must be an integer greater than 0")
  }
  if (persistence !== undefined && persistence !== 'disk' && persistence !== 'memory') {
    throw refused("Invalid argument, 'x-cache-persistence' must be either 'disk' or 'memory'")
  }
  if (header !== undefined && typeof header !== 'string') {
    throw refused(`Invalid argument, '${DEDUPLICATION_HEADER}' must be a string`)
  }
}

/** What an exchange remembers of the messages that passed. */
export interface CacheSettings {
  readonly header: string
  readonly size: number
  /** Milliseconds; Infinity = as long as there is room. */
  readonly ttlMs: number
  /** Kept on disk where the exchange is. */
  readonly isKept: boolean
}

/** Of arguments that have been checked. */
export function cacheSettings(args: FieldTable): CacheSettings {
  return {
    header: String(args[DEDUPLICATION_HEADER] ?? DEDUPLICATION_HEADER),
    size: Number(args['x-cache-size'] ?? CACHE_SIZE_DEFAULT),
    ttlMs: Number(args['x-cache-ttl'] ?? Number.POSITIVE_INFINITY),
    isKept: args['x-cache-persistence'] !== 'memory',
  }
}

const isPositive = (value: FieldValue): boolean => Number.isSafeInteger(value) && Number(value) > 0

/** The plugin takes a number in text too. */
const isCount = (value: FieldValue | undefined): boolean =>
  typeof value === 'string' ? /^\d+$/.test(value) && isPositive(Number(value)) : isPositive(value!)

const wrongSize = (): ChannelError =>
  refused("Missing or invalid argument, 'x-cache-size' must be an integer greater than 0")

const refused = (text: string): ChannelError => new ChannelError('PRECONDITION_FAILED', text)

/** Messages that wait in a queue of an exchange: as they are put there, and as they come out. */

import type { Arrival } from '../../queue/intake.ts'
import type { WireBytes } from '../../queue/wire-bytes.ts'
import type { Keeper, RoutedMessage } from '../../routing/exchange.ts'
import type { FieldTable } from '../../wire/field-table.ts'
import type { Properties } from '../../wire/properties.ts'
import { selectedKeys } from '../selected-keys.ts'
import { encodeWireForm, readWireForm, withHeader } from '../wire-form.ts'

const PERSISTENT = 2

/** The message with the routing keys of its `BCC`, which receivers must not see, but routing needs again. */
export function withHiddenKeys(arrival: Arrival, { routingKeys, properties }: RoutedMessage): WireBytes {
  const shown = 1 + carbonCopies(properties.headers)
  if (routingKeys.length <= shown) return arrival
  return withHeader(arrival, 'BCC', routingKeys.slice(shown))
}

function carbonCopies(headers: FieldTable | undefined): number {
  const copies = headers?.['CC']
  return Array.isArray(copies) ? copies.filter(key => typeof key === 'string').length : 0
}

/** A message on its way again. */
export interface Released {
  readonly arrival: Arrival
  readonly message: RoutedMessage
}

/** Takes up a message that was kept. `changed` answers its headers as they shall be from now on. */
export function release(
  wire: WireBytes,
  changed: (headers: FieldTable) => FieldTable,
  releasedFrom?: Keeper,
): Released {
  const { exchange, routingKey, properties: kept, bodyFrames } = readWireForm(wire)
  const { keys: routingKeys, headers } = selectedKeys(routingKey, kept.headers)
  const properties: Properties = kept.headers === undefined ? kept : { ...kept, headers: changed(headers) }
  const form = encodeWireForm({ exchange, routingKey, properties, bodyFrames })
  const arrival = {
    ...form,
    start: 0,
    end: form.source.length,
    persistent: properties.deliveryMode === PERSISTENT,
    ttlMs: Number(properties.expiration ?? Number.POSITIVE_INFINITY),
  }
  return { arrival, message: { routingKeys, properties, ...(releasedFrom === undefined ? {} : { releasedFrom }) } }
}

/** The reference from a topology object to its BrokerCluster. */

import { type Static, Type } from '@sinclair/typebox'

export const ClusterRef = Type.Object(
  { name: Type.String({ minLength: 1, maxLength: 50, description: 'Name of the BrokerCluster.' }) },
  { description: 'The BrokerCluster of the same namespace that this belongs to.' },
)

export type ClusterRef = Static<typeof ClusterRef>

/** A name in the broker: AMQP short strings hold at most 255 bytes. */
export function brokerName(description: string) {
  return Type.String({ minLength: 1, maxLength: 255, description })
}

export const Vhost = Type.String({
  default: '/',
  minLength: 1,
  maxLength: 255,
  description: 'Virtual host in the broker.',
})

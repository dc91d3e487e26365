/** Of several objects that stand for one thing in a broker the oldest has it: else they would write over each other for ever. */

import type { TopologyKind, TopologyObject } from './reconcile-topology.ts'
import type { CachedObjects, IndexFunction } from './runtime/source.ts'

const BY_IDENTITY = 'identity'

/** The index that `elderOf` reads. */
export function identityIndex<Item extends TopologyObject>(kind: TopologyKind<Item>): Record<string, IndexFunction> {
  return { [BY_IDENTITY]: object => [identityOf(kind, object as Item)] }
}

/** An older object that stands for the same thing in the same broker. */
export function elderOf<Item extends TopologyObject>(
  kind: TopologyKind<Item>,
  item: Item,
  cached: CachedObjects,
): TopologyObject | undefined {
  const same = cached.indexed(item, BY_IDENTITY, identityOf(kind, item)) as readonly TopologyObject[]
  return same.find(other => isElder(other, item))
}

function identityOf<Item extends TopologyObject>(kind: TopologyKind<Item>, item: Item): string {
  return JSON.stringify([item.metadata.namespace, item.spec.clusterRef.name, ...kind.identity(item)])
}

/** A total order, so that of two objects exactly one gives way. */
function isElder(left: TopologyObject, right: TopologyObject): boolean {
  const [leftTime, rightTime] = [left.metadata.creationTimestamp ?? '', right.metadata.creationTimestamp ?? '']
  return leftTime === rightTime ? left.metadata.name < right.metadata.name : leftTime < rightTime
}

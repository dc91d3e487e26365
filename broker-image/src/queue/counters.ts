/** What a queue counted since it came up, for the management API. */
export class QueueCounters {
  published = 0
  delivered = 0
  deliveredNoAck = 0
  redelivered = 0
  acknowledged = 0
  got = 0
  gotNoAck = 0
  gotEmpty = 0

  /** Adds what another counted: a queue that goes leaves its sums to the broker. */
  add(other: QueueCounters): void {
    for (const key of Object.keys(this) as (keyof QueueCounters)[]) {
      if (key !== 'add') this[key] += other[key] as number
    }
  }
}

/** The character of one simulated world: drawn first, so that worlds differ in kind and not only in detail (swarm testing). */
import { Draw } from './draw.ts'

export type CommandName = keyof typeof USUAL_WEIGHTS

/** How often each command comes up in a world without a character. */
const USUAL_WEIGHTS = {
  publish: 30,
  acknowledge: 14,
  refuse: 6,
  get: 5,
  consume: 6,
  cancel: 2,
  declare: 3,
  purge: 1,
  deleteQueue: 0.5,
  inspect: 1,
  qos: 1,
  recover: 0.5,
  closeChannel: 0.8,
  failChannel: 0.3,
  drop: 0.6,
  connect: 3,
  advance: 3,
  policy: 0.8,
  restart: 0.15,
  crash: 0.8,
  kill: 0.5,
  fillDisk: 0.2,
  faultDisk: 0.2,
  idle: 2,
}

export interface Parameters {
  readonly steps: number
  /** Commands that may come before anybody hears of the first. */
  readonly burstMax: number
  readonly queues: number
  readonly clients: number
  readonly channels: number
  readonly weights: Readonly<Record<CommandName, number>>
  readonly durableQueues: number
  readonly persistentMessages: number
  readonly confirmingChannels: number
  readonly autoAckConsumers: number
  readonly prefetches: readonly number[]
  readonly largeMessages: number
  readonly messagesWithTtl: number
  readonly queuesWithTtl: number
  readonly queuesWithLimit: number
  readonly refusingQueues: number
  readonly queuesWithDeadLetters: number
  /** Where dead letters go: to many queues only where no limit makes dead letters of dead letters. */
  readonly deadLetterExchanges: readonly string[]
  readonly requeues: number
  /** Queues that let messages come back a few times only. */
  readonly queuesWithDeliveryLimit: number
  /** Durable queues of the type that keeps what publishers call transient. */
  readonly quorumQueues: number
  /** Disk operations that end after a burst, at most. */
  readonly diskSteps: number
  readonly segmentBytes: number
  readonly residentSegments: number
}

export function drawParameters(seed: number): Parameters {
  const draw = new Draw(seed)
  const rate = (usual: number): number => draw.pick([0, usual, usual, 1])
  const weights = { ...USUAL_WEIGHTS }
  for (const name of Object.keys(weights) as CommandName[]) weights[name] *= draw.pick([0, 0.3, 1, 1, 1, 3])
  weights.publish ||= USUAL_WEIGHTS.publish
  weights.declare ||= USUAL_WEIGHTS.declare
  weights.connect ||= USUAL_WEIGHTS.connect
  const queuesWithLimit = draw.pick([0, 0, 0.3, 0.8])
  return {
    steps: draw.between(100, 800),
    burstMax: draw.pick([1, 2, 4, 8]),
    queues: draw.between(1, 5),
    clients: draw.between(1, 4),
    channels: draw.between(1, 2),
    weights,
    durableQueues: rate(0.8),
    persistentMessages: rate(0.8),
    confirmingChannels: rate(0.7),
    autoAckConsumers: rate(0.3),
    prefetches: draw.pick([[0], [1], [1, 3, 10], [0, 2, 20]]),
    largeMessages: draw.pick([0, 0.02, 0.2]),
    messagesWithTtl: draw.pick([0, 0, 0.1, 0.5]),
    queuesWithTtl: draw.pick([0, 0, 0.3]),
    queuesWithLimit,
    refusingQueues: draw.pick([0, 0.3, 1]),
    queuesWithDeadLetters: draw.pick([0, 0.4, 0.9]),
    deadLetterExchanges: queuesWithLimit > 0 ? [''] : draw.pick([[''], ['', 'amq.direct', 'amq.fanout']]),
    requeues: rate(0.5),
    diskSteps: draw.pick([1, 3, 10, 40]),
    segmentBytes: draw.pick([4_096, 8_192, 32_768]),
    residentSegments: draw.pick([1, 2, 4, 16]),
    queuesWithDeliveryLimit: draw.pick([0, 0, 0.3]),
    quorumQueues: draw.pick([0, 0, 0.3]),
  }
}

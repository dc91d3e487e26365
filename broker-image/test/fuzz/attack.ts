/**
 * Attackers, each with a connection of its own, beside a bystander that publishes and consumes all the time. Whatever
 * an attacker says may end its own connection, and nothing else.
 */
import assert from 'node:assert/strict'
import type { Draw } from '../sim/draw.ts'
import { BrokerWorld } from '../support/broker-world.ts'
import type { Heard, TestClient } from '../support/test-client.ts'
import { CHANNEL_MAX, mutate, randomBytes } from './mutations.ts'

/** Frames of one attacker, and those that leave as one chunk. */
const ATTACK_FRAMES_MAX = 400
const CHUNK_FRAMES_MAX = 6
const BYSTANDER_QUEUE = 'the bystander’s queue'
/** Time that passes with an attack, so that deadlines and timeouts of what it left are reached. */
const ATTACK_MS_MAX = 20_000
const HEARTBEAT_OFF = { heartbeat: 0 }

const SIZES = {
  segmentBytes: 262_144,
  metaSegmentBytes: 65_536,
  residentBytesMax: 8 * 262_144,
  spareMax: 2,
  uncheckpointedMax: 2,
}

export class Battlefield {
  readonly #world = new BrokerWorld({ logSizes: SIZES })
  readonly #recorded: readonly Buffer[][]
  readonly #draw: Draw
  #bystander: TestClient | undefined
  #published = 0
  /** Frames that attackers said on connections that were still open. */
  frames = 0

  constructor(recorded: readonly Buffer[][], draw: Draw) {
    this.#recorded = recorded
    this.#draw = draw
  }

  /** One attacker comes, says what it has to say, and is gone; then all is as it was. */
  async attack(): Promise<void> {
    const attacker = await this.#enter()
    const spoiled = this.#draw.pick([0.01, 0.05, 0.3, 1])
    for (let left = this.#draw.between(1, ATTACK_FRAMES_MAX); left > 0 && !isOver(attacker); ) {
      const frames = this.#chunk(this.#draw.between(1, CHUNK_FRAMES_MAX), spoiled)
      this.#say(attacker, Buffer.concat(frames))
      this.frames += frames.length
      left -= frames.length
      await this.#world.settle()
      answerCloses(attacker)
    }
    attacker.socket.endFromClient()
    await this.#world.advance(this.#draw.between(0, ATTACK_MS_MAX))
    await this.#isUnharmed()
    this.#clean()
  }

  /** What a broker that nobody attacks any more still holds. */
  remains(): { connections: number; queues: number; readyMessages: number } {
    const { connections, queuesById } = this.#world.broker
    const readyMessages = [...queuesById.values()].reduce((sum, queue) => sum + queue.messagesReady, 0)
    return { connections: connections.size, queues: queuesById.size, readyMessages }
  }

  async #enter(): Promise<TestClient> {
    if (this.#draw.chance(0.9)) {
      const client = await this.#world.client({ ...HEARTBEAT_OFF, frameMax: this.#draw.pick([0, 4_096]) })
      for (let channel = 2; channel <= CHANNEL_MAX; channel++) client.send(channel, 'channel.open', {})
      return client
    }
    const attacker = this.#world.socket()
    if (this.#draw.chance(0.5)) attacker.bytes(randomBytes(this.#draw))
    else attacker.login({ password: 'wrong', frameMax: this.#draw.between(0, 200_000) })
    return attacker
  }

  /** What clients say, from somewhere in their conversations on, with frames spoiled as often as `spoiled` says. */
  #chunk(count: number, spoiled: number): Buffer[] {
    const draw = this.#draw
    const first = draw.between(0, this.#recorded.length - 1)
    const frames: Buffer[] = []
    for (let i = 0; frames.length < count; i++) frames.push(...this.#recorded[(first + i) % this.#recorded.length]!)
    return frames.map(frame => (draw.chance(spoiled) ? mutate(frame, draw) : frame))
  }

  /** As one piece, or cut somewhere. */
  #say(attacker: TestClient, bytes: Buffer): void {
    const cut = this.#draw.between(0, bytes.length)
    attacker.bytes(bytes.subarray(0, cut))
    attacker.bytes(bytes.subarray(cut))
  }

  /** The bystander's message comes back to it, and is confirmed. */
  async #isUnharmed(): Promise<void> {
    const bystander = this.#bystander ?? (await this.#newBystander())
    this.#published++
    const body = `message ${this.#published}`
    bystander.publish(1, { routingKey: BYSTANDER_QUEUE, properties: { deliveryMode: 2 }, body })
    await this.#world.settle()
    const heard = bystander.take().filter(({ kind }) => kind !== 'heartbeat')
    const names = heard.map(one => (one.kind === 'method' ? one.method.name : one.kind)).sort()
    assert.deepEqual(names, ['basic.ack', 'basic.deliver'], 'the bystander hears its message and its confirm')
    const delivered = heard.find(one => one.kind === 'method' && one.content !== undefined)
    assert.equal(delivered?.kind === 'method' && delivered.content?.body.toString(), body)
  }

  async #newBystander(): Promise<TestClient> {
    const bystander = await this.#world.client(HEARTBEAT_OFF)
    bystander.send(1, 'confirm.select', { noWait: false })
    bystander.send(1, 'queue.declare', {
      queue: BYSTANDER_QUEUE,
      passive: false,
      durable: true,
      exclusive: true,
      autoDelete: false,
      noWait: false,
      arguments: {},
    })
    bystander.send(1, 'basic.consume', {
      queue: BYSTANDER_QUEUE,
      consumerTag: '',
      noLocal: false,
      noAck: true,
      exclusive: false,
      noWait: false,
      arguments: {},
    })
    await this.#world.settle()
    bystander.take()
    this.#bystander = bystander
    return bystander
  }

  /** Takes away what attackers declared, so that worlds do not grow without end. */
  #clean(): void {
    for (const vhost of this.#world.broker.vhosts.values()) {
      for (const queue of [...vhost.queues.values()]) {
        if (queue.name !== BYSTANDER_QUEUE) vhost.deleteQueue(queue, { ifUnused: false, ifEmpty: false })
      }
      for (const name of [...vhost.exchanges.keys()]) {
        if (name !== '' && !name.startsWith('amq.')) vhost.deleteExchange(name, { ifUnused: false })
      }
    }
  }
}

function isOver(client: TestClient): boolean {
  return client.socket.destroyed || client.heard.some(isEnd)
}

function isEnd(heard: Heard): boolean {
  return heard.kind === 'closed' || (heard.kind === 'method' && heard.method.name === 'connection.close')
}

/** Opens a channel again that was closed, so that an attack lasts; forgets what was heard unless it was the end. */
function answerCloses(client: TestClient): void {
  const heard = client.take()
  client.heard = heard.filter(isEnd)
  for (const one of heard) {
    const name = one.kind === 'method' ? one.method.name : ''
    if (one.kind !== 'method' || !name.startsWith('channel.close')) continue
    if (name === 'channel.close') client.send(one.channel, 'channel.close-ok', {})
    client.send(one.channel, 'channel.open', {})
  }
}

/** A simulated world: one node, its clients, and the model that judges them. */
import { crc32 } from 'node:zlib'
import { requireAccounts, requireRest } from './checkers.ts'
import { SimClient } from './client.ts'
import type { Draw } from './draw.ts'
import { Model, type Policy } from './model.ts'
import { startAgain } from './model-crash.ts'
import { applyLimits, expire } from './model-deaths.ts'
import { SimNode } from './node.ts'
import type { Parameters } from './parameters.ts'
import { Violation } from './violation.ts'

const VHOST = '/'
const POLICY = 'limits'
const META_SEGMENT_BYTES = 8_192
export const SPARE_MAX = 3
export const UNCHECKPOINTED_MAX = 2
const TOLD_MAX = 80
/** Longer than the broker waits before it tries a full disk again. */
const RETRY_MS = 1_100
const RETRIES_MAX = 5

export interface PolicySpec {
  /** A regular expression over names of queues. */
  readonly pattern: string
  readonly definition: Readonly<Record<string, string | number>>
}

export class SimWorld {
  readonly node: SimNode
  readonly model: Model
  clients: SimClient[] = []
  /** Something was sent, and what follows from it was not heard yet. */
  isDirty = false
  /** A checksum of everything that happened. */
  history = 0
  /** The last things that happened. */
  readonly told: string[] = []
  readonly #draw: Draw
  readonly #parameters: Parameters
  #lastClient = 0
  #lastTag = 0
  /** Policies that a crash may bring back; the last one is in force. */
  #policies: (PolicySpec | null)[] = [null]

  constructor(draw: Draw, parameters: Parameters) {
    const { segmentBytes, residentSegments } = parameters
    this.#draw = draw
    this.#parameters = parameters
    this.node = new SimNode(draw.random, {
      segmentBytes,
      metaSegmentBytes: META_SEGMENT_BYTES,
      residentBytesMax: residentSegments * segmentBytes,
      spareMax: SPARE_MAX,
      uncheckpointedMax: UNCHECKPOINTED_MAX,
      cleanerPatienceMs: 0,
    })
    this.model = new Model(this.node.now)
  }

  tell(line: string): void {
    this.history = crc32(line, this.history)
    this.told.push(line)
    if (this.told.length > TOLD_MAX) this.told.shift()
  }

  nextTag(): number {
    return ++this.#lastTag
  }

  connect(): SimClient {
    const client = new SimClient(`client${++this.#lastClient}`, this.model, this.node.socket())
    this.clients.push(client)
    this.tell(`${client.name} connects`)
    for (let left = this.#parameters.channels; left > 0; left--) {
      this.openChannel(client)
    }
    return client
  }

  openChannel(client: SimClient): void {
    const { confirmingChannels, prefetches } = this.#parameters
    client.openChannel(this.#draw.chance(confirmingChannels), this.#draw.pick(prefetches))
  }

  async drop(client: SimClient): Promise<void> {
    client.drop(this.isDirty)
    this.isDirty = true
    this.clients = this.clients.filter(other => other !== client)
    // The socket tells the broker of its end in a microtask.
    await Promise.resolve()
  }

  /** Hears everything, and judges it. `diskSteps`: disk operations that may end meanwhile. */
  async hear(diskSteps: number): Promise<void> {
    await this.node.settle(diskSteps)
    this.#hearAll()
    if (this.node.fatal !== null || this.node.isDamaged) await this.#die()
  }

  /** Lets everything happen that needs no time, and judges that nothing is left undone. */
  async rest(): Promise<void> {
    await this.#settleAll()
    for (let tried = 0; this.#mustWait() && tried < RETRIES_MAX; tried++) {
      await this.advance(RETRY_MS)
      await this.#settleAll()
    }
    if (!this.#isBurying) this.model.rest()
    if (this.node.isFull) return
    if (this.#isBurying) throw new Violation('dead letters wait, and the disk has room')
    requireRest(this)
    this.tell('rest')
  }

  /**
   * Lets dead letters that wait for the disk arrive, before there are other queues or policies for them. False: a full
   * disk has no room for some, and where those will go would be anybody's guess.
   */
  async bury(): Promise<boolean> {
    if (this.#isBurying || (this.model.isBurying && this.node.pending > 0)) await this.rest()
    return !this.#isBurying
  }

  /** Time passes. */
  async advance(ms: number): Promise<void> {
    await this.hear(0)
    this.tell(`${ms} ms pass`)
    expire(this.model, this.node.now + ms, this.node.pending === 0)
    this.node.clock.advance(ms)
    await this.hear(0)
  }

  async setPolicy(policy: PolicySpec | null): Promise<void> {
    if (!(await this.bury())) return
    const { definitions } = this.node.broker
    this.tell(`policy ${JSON.stringify(policy)}`)
    if (JSON.stringify(policy) === JSON.stringify(this.#policies.at(-1))) return
    this.#policies.push(policy)
    const known = this.#policies.length
    if (policy === null) definitions.remove('policy', [VHOST, POLICY])
    else {
      const { pattern, definition } = policy
      const spec = { vhost: VHOST, name: POLICY, pattern, applyTo: 'queues', priority: 0 } as const
      definitions.put('policy', { ...spec, definition: { ...definition } }, { durable: true })
    }
    const policies = this.#policies
    definitions.whenStable(() => {
      if (policies === this.#policies) policies.fill(policy, 0, known)
    })
    this.model.setPolicy(compiled(policy))
  }

  /** Ends the process without warning. */
  async crash(how: 'power' | 'kill'): Promise<void> {
    await this.hear(this.#draw.between(0, this.#parameters.diskSteps))
    this.tell(how)
    if (how === 'power') this.node.crash()
    else this.node.kill()
    this.#startAgain(false)
  }

  async restart(): Promise<void> {
    if (this.node.isFull || this.node.isFaulty) return
    await this.rest()
    this.tell('restart')
    // What goes back from the first connection that is closed may still go out to the next.
    for (const client of this.clients) client.end(true)
    await this.node.restart()
    this.#startAgain(true)
  }

  requireBetween(what: string, value: number, [least, most]: readonly [number, number]): void {
    if (value < least || value > most) throw new Violation(`${what}: ${value}, not ${least} to ${most}`)
  }

  #mustWait(): boolean {
    return !this.node.isFull && (this.node.broker.alarms.any || this.#isBurying)
  }

  /** The broker has dead letters that are in no queue yet. */
  get #isBurying(): boolean {
    return this.node.broker.waitingDead.size > 0
  }

  async #settleAll(): Promise<void> {
    await this.node.settleAll()
    await this.hear(0)
  }

  #hearAll(): void {
    for (const client of this.clients) for (const line of client.hear()) this.tell(line)
    this.model.endStep()
    this.isDirty = false
    if (this.node.fatal === null && !this.node.isDamaged) requireAccounts(this)
  }

  /** The broker gave up. It may do so only where the disk failed. */
  async #die(): Promise<void> {
    const { fatal, isFaulty } = this.node
    if (!isFaulty) throw new Violation(`the broker gave up: ${fatal?.stack ?? 'damage'}`)
    this.tell('the broker gave up')
    if (this.#draw.chance(0.5)) this.node.crash()
    else this.node.kill()
    this.#startAgain(false)
  }

  #startAgain(wasClean: boolean): void {
    const { broker } = this.node
    this.clients = []
    const vhost = broker.vhosts.get(VHOST)!
    const bindings = vhost.listBindings().filter(({ source }) => source !== '')
    const found = {
      queues: new Set(vhost.queues.keys()),
      bindings: new Set(bindings.map(binding => `${binding.source} ${binding.destination} ${binding.routingKey}`)),
    }
    this.isDirty = false
    this.#findPolicy(wasClean)
    startAgain(this.model, found, wasClean)
    for (const queue of this.model.queues.values()) {
      queue.settings = this.model.settingsFor(queue.name, queue.arguments)
    }
    // What is dropped now is not proven yet.
    this.model.at++
    for (const queue of this.model.queues.values()) applyLimits(this.model, queue)
    requireAccounts(this)
  }

  #findPolicy(wasClean: boolean): void {
    const found = this.node.broker.definitions.get('policy', [VHOST, POLICY])
    const allowed = wasClean ? this.#policies.slice(-1) : this.#policies
    const text = (spec: PolicySpec | null): string => JSON.stringify(spec && [spec.pattern, spec.definition])
    const policy =
      found === undefined ? null : { pattern: found.pattern, definition: found.definition as PolicySpec['definition'] }
    if (!allowed.some(spec => text(spec) === text(policy)))
      throw new Violation(`the policy is ${text(policy)} after a start`)
    this.#policies = [policy]
    this.model.policy = compiled(policy)
  }
}

function compiled(policy: PolicySpec | null): Policy | null {
  return policy && { pattern: new RegExp(policy.pattern), definition: policy.definition }
}

/** What a broker tells its clients about itself: events, its log, and the messages of virtual hosts that are traced. */
import type { Clock } from '../clock.ts'
import type { Config } from '../config/config.ts'
import type { DefinitionChange, Definitions } from '../definitions/definitions.ts'
import type { Turn } from '../turn.ts'
import type { Vhost } from '../vhost/vhost.ts'
import { splitIntoFrames } from '../vhost/wire-form.ts'
import type { FieldTable } from '../wire/field-table.ts'
import { eventsOf } from './events.ts'
import { Firehose } from './firehose.ts'
import { EVENT_EXCHANGE, LOG_EXCHANGE, vhostOfEvents } from './report-exchanges.ts'
import { SelfPublisher } from './self-publisher.ts'

/** In whose name something is done; both are empty for nobody's. */
export interface Actor {
  readonly user: string
  /** Of the connection; empty where it is none of AMQP. */
  readonly name: string
}

/** What is done without anybody asking: RabbitMQ's word. */
export const NOBODY: Actor = { user: 'rmq-internal', name: '' }

interface AlarmsOn {
  readonly memory: boolean
  readonly disk: boolean
}

interface ReportingBroker {
  readonly config: Config
  readonly clock: Clock
  readonly nodeName: string
  readonly definitions: Definitions
  readonly vhosts: ReadonlyMap<string, Vhost>
  readonly turn: Turn
}

const NO_BODY = Buffer.alloc(0)
const PERSISTENT = 2

export class Reports {
  /** Whoever acts now: the callers of methods and requests set it for as long as they run. */
  actor: Actor = NOBODY
  #alarms: AlarmsOn = { memory: false, disk: false }
  readonly #broker: ReportingBroker
  readonly #publisher: SelfPublisher

  constructor(broker: ReportingBroker) {
    this.#broker = broker
    this.#publisher = new SelfPublisher(broker.turn)
    broker.definitions.listen(change => this.#definitionChanged(change))
    for (const name of broker.vhosts.keys()) this.traceAsDefined(name)
  }

  /** Turns the firehose of a virtual host on or off, as its definition says. */
  traceAsDefined(name: string): void {
    const { definitions, nodeName, vhosts } = this.#broker
    const vhost = vhosts.get(name)
    if (vhost === undefined) return
    const isTraced = definitions.get('vhost', [name])?.tracing === true
    if (isTraced !== (vhost.traffic.trace !== null)) {
      vhost.traffic.trace = isTraced ? new Firehose(vhost, nodeName, this.#publisher) : null
    }
  }

  /** Tells of an event. `headersOf` is asked only when somebody listens. */
  tell(type: string, headersOf: () => FieldTable): void {
    const vhost = this.#listening()
    if (vhost !== undefined) this.#send(vhost, type, headersOf())
  }

  /** Tells which alarms went on or off. */
  alarmsChanged(alarms: AlarmsOn): void {
    for (const source of ['memory', 'disk'] as const) {
      if (alarms[source] === this.#alarms[source]) continue
      this.tell(alarms[source] ? 'alarm.set' : 'alarm.cleared', () => ({ source, node: this.#broker.nodeName }))
    }
    this.#alarms = { memory: alarms.memory, disk: alarms.disk }
  }

  /** A line of the log, as it is written; lines that come of telling it are not told. */
  logged(level: string, line: string): void {
    const { config, vhosts, clock, nodeName } = this.#broker
    const vhost = vhosts.get(config.defaultVhost)
    if (vhost === undefined || this.#publisher.isSending) return
    this.#publisher.publish({
      vhost,
      exchange: LOG_EXCHANGE,
      routingKey: level,
      properties: {
        contentType: 'application/json',
        headers: { node: nodeName },
        timestamp: Math.floor(clock.now() / 1000),
      },
      bodyFrames: splitIntoFrames(Buffer.from(line)),
    })
  }

  #definitionChanged(change: DefinitionChange): void {
    const vhost = this.#listening()
    if (vhost === undefined) return
    const { user, name } = this.actor
    for (const { type, headers } of eventsOf(change)) {
      const owner = headers['exclusive'] === undefined ? {} : { owner_pid: headers['exclusive'] === true ? name : '' }
      this.#send(vhost, type, { ...headers, ...owner, user_who_performed_action: user })
    }
  }

  /** The virtual host of the event exchange, if anything is bound there. */
  #listening(): Vhost | undefined {
    const vhost = this.#broker.vhosts.get(vhostOfEvents(this.#broker.config))
    return vhost?.exchanges.get(EVENT_EXCHANGE)?.exchange.isEmpty === false ? vhost : undefined
  }

  #send(vhost: Vhost, routingKey: string, headers: FieldTable): void {
    const nowMs = this.#broker.clock.now()
    this.#publisher.publish({
      vhost,
      exchange: EVENT_EXCHANGE,
      routingKey,
      properties: {
        headers: { ...headers, timestamp_in_ms: nowMs },
        deliveryMode: PERSISTENT,
        timestamp: Math.floor(nowMs / 1000),
      },
      bodyFrames: NO_BODY,
    })
  }
}

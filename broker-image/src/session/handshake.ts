/**
 * The way of a client from the protocol header to an open virtual host [AMQP 2.2.4], step by step. What it says of itself,
 * and what both agree on, is put into its connection.
 */
import { AccessRefused } from '../access/access-refused.ts'
import type { Arguments } from '../definitions/model.ts'
import { ConnectionError } from '../wire/errors.ts'
import { PROTOCOL_HEADER } from '../wire/frame.ts'
import type { Method, MethodArgs } from '../wire/methods.ts'
import { assertMayOpen } from './admission.ts'
import type { Connection } from './connection.ts'
import { logIn, loginRefused, mechanismsFor } from './login.ts'
import { capabilitiesIn, startArgs, tuned } from './negotiation.ts'
import { ProtocolHeader } from './protocol-header.ts'
import { loginFailed, loginSucceeded } from './session-events.ts'

const NOTHING = Buffer.alloc(0)

export class Handshake {
  readonly #connection: Connection
  readonly #header = new ProtocolHeader()
  /** What the client must send next. */
  #due: 'header' | 'start-ok' | 'tune-ok' | 'open' = 'header'
  #wantsAuthFailureClose = false

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Takes the protocol header from the first bytes. Answers the frames among them. */
  framesIn(chunk: Buffer): Buffer {
    if (this.#due !== 'header') return chunk
    const connection = this.#connection
    const rest = this.#header.take(chunk)
    if (rest === 'incomplete') return NOTHING
    if (rest === 'wrong') {
      connection.outbox.write(PROTOCOL_HEADER)
      connection.leave()
      return NOTHING
    }
    this.#due = 'start-ok'
    const { config, version } = connection.broker
    connection.send('connection.start', startArgs(config, version, mechanismsFor(config, connection.origin)))
    return rest
  }

  /** Takes a method of channel 0. @throws ConnectionError 403 and 530 for who may not come in, 503 out of turn. */
  method(method: Method): void {
    if (method.name === 'connection.start-ok' && this.#due === 'start-ok') this.#startOk(method.args)
    else if (method.name === 'connection.tune-ok' && this.#due === 'tune-ok') this.#tuneOk(method.args)
    else if (method.name === 'connection.open' && this.#due === 'open') this.#open(method.args)
    else throw new ConnectionError('COMMAND_INVALID', `unexpected method ${method.name}`)
  }

  #startOk(args: MethodArgs<'connection.start-ok'>): void {
    const connection = this.#connection
    connection.clientProperties = args.clientProperties as Arguments
    connection.authMechanism = args.mechanism
    const capabilities = capabilitiesIn(args.clientProperties)
    connection.wantsCancelNotify = capabilities.has('consumer_cancel_notify')
    connection.blocking.isTold = capabilities.has('connection.blocked')
    this.#wantsAuthFailureClose = capabilities.has('authentication_failure_close')
    if (!this.#logIn(args)) return
    this.#due = 'tune-ok'
    const { channelMax, frameBytesMax, heartbeatSeconds } = connection.broker.config
    connection.send('connection.tune', { channelMax, frameMax: frameBytesMax, heartbeat: heartbeatSeconds })
  }

  /** False for somebody who was sent away. */
  #logIn(args: MethodArgs<'connection.start-ok'>): boolean {
    const connection = this.#connection
    try {
      const user = logIn(connection.broker, connection.origin, args)
      connection.user = user.name
      connection.isImpersonator = user.tags.includes('impersonator')
      loginSucceeded(connection)
      return true
    } catch (error) {
      if (!(error instanceof AccessRefused)) throw error
      this.#refuse(error)
      return false
    }
  }

  /** @throws ConnectionError 403 for a client that asked to be told. */
  #refuse({ user, reason }: AccessRefused): void {
    const connection = this.#connection
    loginFailed(connection, user, reason)
    connection.broker.logger.warn({ connection: connection.name, reason }, 'login refused')
    if (this.#wantsAuthFailureClose) throw loginRefused(connection.authMechanism)
    connection.leave()
  }

  #tuneOk(args: MethodArgs<'connection.tune-ok'>): void {
    this.#connection.tune(tuned(this.#connection.broker.config, args))
    this.#due = 'open'
  }

  #open({ virtualHost }: MethodArgs<'connection.open'>): void {
    assertMayOpen(this.#connection.broker, this.#connection.user, virtualHost)
    this.#connection.open(virtualHost)
  }
}

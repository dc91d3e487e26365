/** Ways to log in [SASL, RFC 4422]: what is offered to whom, and who a client is by what it answers. */
import type { Access } from '../access/access.ts'
import { AccessRefused } from '../access/access-refused.ts'
import type { Config } from '../config/config.ts'
import { mechanismsOf } from '../config/mechanisms.ts'
import type { UserDefinition } from '../definitions/model.ts'
import type { Origin } from '../transport/origin.ts'
import { ConnectionError } from '../wire/errors.ts'
import { decodeTable } from '../wire/field-table.ts'
import { Reader } from '../wire/reader.ts'

/** What a client answered to our `connection.start`. */
export interface Answered {
  readonly mechanism: string
  readonly response: Buffer
}

/** Names of mechanisms. EXTERNAL is for clients of TLS, who hear why when their certificate does not do. */
export function mechanismsFor(config: Config, { tls }: Origin): readonly string[] {
  return mechanismsOf(config).filter(mechanism => mechanism !== 'EXTERNAL' || tls !== undefined)
}

/**
 * The user that a client proves to be.
 * @throws ConnectionError 503 for a mechanism that was not offered, 502 for a response that it does not allow.
 * @throws AccessRefused
 */
export function logIn(
  { config, access }: { readonly config: Config; readonly access: Access },
  origin: Origin,
  { mechanism, response }: Answered,
): Readonly<UserDefinition> {
  if (!mechanismsFor(config, origin).includes(mechanism)) {
    throw new ConnectionError('COMMAND_INVALID', `unknown authentication mechanism '${mechanism}'`)
  }
  if (mechanism === 'EXTERNAL') return access.authenticateKnown(certificateName(origin), origin.peerHost)
  if (mechanism === 'ANONYMOUS') {
    return access.authenticate(config.anonymousUser, config.anonymousPass, origin.peerHost)
  }
  const { name, password } = parseLogin(mechanism, response)
  return access.authenticate(name, password, origin.peerHost)
}

function certificateName({ tls }: Origin): string {
  if (tls?.peer === undefined) throw new AccessRefused('the client shows no certificate that was verified')
  if (tls.peer.loginName === undefined) throw new AccessRefused('the certificate has no name to log in with')
  return tls.peer.loginName
}

/** What a client logs in with. */
export interface Login {
  readonly name: string
  readonly password: string
}

/** @throws ConnectionError 502 for a response that PLAIN, or AMQPLAIN, does not allow. */
export function parseLogin(mechanism: string, response: Buffer): Login {
  const login = mechanism === 'PLAIN' ? parsePlain(response) : parseAmqplain(response)
  if (login === undefined) throw new ConnectionError('SYNTAX_ERROR', `malformed ${mechanism} response`)
  return login
}

/** A PLAIN response: `authzid NUL name NUL password` [RFC 4616]. */
function parsePlain(response: Buffer): Login | undefined {
  const first = response.indexOf(0)
  const second = response.indexOf(0, first + 1)
  if (first < 0 || second < 0) return undefined
  return { name: response.toString('utf8', first + 1, second), password: response.toString('utf8', second + 1) }
}

/** An AMQPLAIN response: a field table without its length, with LOGIN and PASSWORD. */
function parseAmqplain(response: Buffer): Login | undefined {
  const table = Buffer.concat([Buffer.alloc(4), response])
  table.writeUInt32BE(response.length)
  const { LOGIN: name, PASSWORD: password } = decodeTable(new Reader(table, 0, table.length))
  return typeof name === 'string' && typeof password === 'string' ? { name, password } : undefined
}

/** What a client is told whose login failed, whatever the reason. */
export function loginRefused(mechanism: string): ConnectionError {
  const advice = 'For details see the broker logfile.'
  return new ConnectionError(
    'ACCESS_REFUSED',
    `Login was refused using authentication mechanism ${mechanism}. ${advice}`,
  )
}

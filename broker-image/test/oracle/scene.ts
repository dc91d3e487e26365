/**
 * A probe is a scene in the language of `test/support/transcript.ts`, without the lines that are heard: the other
 * broker says those. Besides sending methods there is
 *
 *     > a login …, connect text=…, bytes hex=…, leave
 *     > wait ms=300
 *     > http GET queues/%2F/q pick=name,durable       (%2F stands for the scene's virtual host, so does `/` in answers)
 *     > policy name=p definition={…}                  a policy for queues named by `pattern`
 *     > user name=u configure=.* write=.* read=.*     password as the name
 *
 * Each scene has a virtual host of its own.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { METHODS, type MethodName } from '../../src/wire/methods.ts'
import { methodArguments, parseCommand, type Values } from '../support/script.ts'
import { type Heard, type LoginOptions, type Message, publishFrames } from '../support/test-client.ts'
import type { Peer } from './brokers.ts'
import { ask, type Request } from './management.ts'
import { type ConfirmState, outcome } from './outcome.ts'
import { isConnectionClose, WireClient } from './wire-client.ts'

export interface Probe {
  name: string
  lines: string[]
}

const POLL_MS = 4
/** What both brokers offer. */
const LIMITS = { channelMax: 2047, frameMax: 131_072 }
/** Confirms of persistent messages may wait for the disk. */
const CONFIRM_MS = 1_500
const AFTER_MS = 400

/** Splits a file into its scenes. */
export function parseProbes(text: string): Probe[] {
  const scenes = text.split(/^== /m).slice(1)
  return scenes.map(scene => {
    const [name = '', ...lines] = scene.trimEnd().split('\n')
    return { name, lines: lines.filter(line => line.startsWith('>')).map(line => line.slice(2)) }
  })
}

/**
 * Plays a probe and answers what was said and heard, made comparable. A step is over when all that is owed has come
 * and nothing more was heard for `quietMs`.
 */
export async function play(peer: Peer, probe: Probe, vhost: string, quietMs: number): Promise<string> {
  const scene = new Scene(peer, vhost, quietMs)
  try {
    await scene.open()
    const told: string[] = []
    for (const line of probe.lines) told.push(`> ${line}`, ...(await scene.say(line)))
    return told.join('\n')
  } finally {
    await scene.close()
  }
}

class Scene {
  readonly #peer: Peer
  readonly #vhost: string
  readonly #quietMs: number
  readonly #clients = new Map<string, WireClient>()
  readonly #confirms = new Map<string, ConfirmState>()
  /** Clients whose connection was closed with a word: when the socket follows is not compared. */
  readonly #leaving = new Set<string>()

  constructor(peer: Peer, vhost: string, quietMs: number) {
    this.#peer = peer
    this.#vhost = vhost
    this.#quietMs = quietMs
  }

  async open(): Promise<void> {
    await ask(this.#peer, { method: 'PUT', path: `vhosts/${this.#vhost}`, body: {} })
    const body = { configure: '.*', write: '.*', read: '.*' }
    await ask(this.#peer, { method: 'PUT', path: `permissions/${this.#vhost}/guest`, body })
  }

  async close(): Promise<void> {
    for (const client of this.#clients.values()) client.leave()
    await ask(this.#peer, { method: 'DELETE', path: `vhosts/${this.#vhost}` })
  }

  /** Says a line; answers what was heard then. */
  async say(line: string): Promise<string[]> {
    const [first = '', second = ''] = line.split(' ')
    if (first === 'http') return [await this.#http(line)]
    if (first === 'wait') await delay(Number(parseCommand(line, 1).values['ms']))
    else if (first === 'policy') await this.#policy(parseCommand(line, 1).values)
    else if (first === 'user') await this.#user(parseCommand(line, 1).values)
    else if (['login', 'connect', 'bytes', 'leave'].includes(second)) await this.#deed(first, second, line)
    else await this.#method(line)
    await this.#settle()
    return this.#heard(second === 'login')
  }

  async #deed(name: string, deed: string, line: string): Promise<void> {
    const { values } = parseCommand(line, 2)
    if (deed === 'login') return await this.#login(name, values)
    if (deed === 'connect') {
      const client = await this.#connect(name)
      client.client.bytes(Buffer.from(JSON.parse(`"${values['text']}"`), 'latin1'))
      client.owes(() => true)
      return
    }
    const client = await this.#client(name)
    if (deed === 'leave') client.leave()
    else client.client.bytes(Buffer.from(String(values['hex']), 'hex'))
    if (deed === 'bytes') await delay(AFTER_MS / 4)
  }

  async #method(line: string): Promise<void> {
    const { words, values } = parseCommand(line, 2)
    const [name = '', number = '1'] = words[0]!.split('/')
    const method = words[1] as MethodName
    if (!Object.hasOwn(METHODS, method)) throw new Error(`no such method or command: ${line}`)
    const [client, channel] = [await this.#client(name), Number(number)]
    if (method === 'basic.publish') {
      client.client.bytes(publishFrames(channel, texts(values) as Message, client.client.frameMax))
      this.#expectConfirm(name, channel)
    } else {
      client.send(channel, method, methodArguments(method, values))
      if (method === 'confirm.select') this.#confirms.set(`${name}/${channel}`, { published: 0, settled: new Set() })
    }
    const isSilent = ['basic.publish', 'basic.ack', 'basic.nack', 'basic.reject'].includes(method)
    if (isSilent) this.#askForSign(client, channel)
  }

  /** What gets no answer is followed by a question that gets one on the same channel and changes nothing. */
  #askForSign(client: WireClient, channel: number): void {
    const args = methodArguments('exchange.declare', { exchange: 'amq.direct', type: 'direct', passive: true })
    client.send(channel, 'exchange.declare', args)
  }

  #expectConfirm(name: string, channel: number): void {
    const state = this.#confirms.get(`${name}/${channel}`)
    if (state !== undefined) state.published++
  }

  async #http(line: string): Promise<string> {
    const { words, values } = parseCommand(line, 3)
    const path = words[2]!.replaceAll('%2F', this.#vhost)
    const body = values['body']
    const request = { ...values, method: words[1]!, path, ...(body === undefined ? {} : { body }) } as Request
    const answer = await ask(this.#peer, request)
    return `< http ${answer.replaceAll(this.#vhost, '/')}`
  }

  async #policy(values: Values): Promise<void> {
    const { name = 'p', ...given } = values
    const body = { pattern: '.*', 'apply-to': 'queues', priority: 0, ...given }
    await ask(this.#peer, { method: 'PUT', path: `policies/${this.#vhost}/${name}`, body })
    await delay(AFTER_MS)
  }

  async #user({ name, tags = '', ...given }: Values): Promise<void> {
    await ask(this.#peer, { method: 'PUT', path: `users/${name}`, body: { password: name, tags } })
    const body = { configure: '', write: '', read: '', ...given }
    await ask(this.#peer, { method: 'PUT', path: `permissions/${this.#vhost}/${name}`, body })
  }

  async #connect(name: string): Promise<WireClient> {
    const client = await WireClient.connect(this.#peer.amqpPort)
    this.#clients.set(name, client)
    return client
  }

  async #login(name: string, values: Values): Promise<void> {
    const client = await this.#connect(name)
    const { vhost = this.#vhost, ...given } = values
    client.client.login({ ...LIMITS, ...given, vhost } as LoginOptions)
    client.owes(heard => heard.kind === 'method' && heard.method.name === 'channel.open-ok')
  }

  /** The client of that name, logged in when it is new. */
  async #client(name: string): Promise<WireClient> {
    const known = this.#clients.get(name)
    if (known !== undefined) return known
    await this.#login(name, {})
    const client = this.#clients.get(name)!
    await client.answered()
    client.client.heard = client.client.heard.filter(heard => !isWelcome(heard))
    return client
  }

  async #settle(): Promise<void> {
    const clients = [...this.#clients.values()]
    const start = performance.now()
    for (const client of clients) await client.answered()
    const isQuiet = () => Math.min(performance.now() - start, ...clients.map(({ quietMs }) => quietMs)) >= this.#quietMs
    while (!isQuiet()) await delay(POLL_MS)
    while (!this.#isConfirmed() && performance.now() - start < CONFIRM_MS) await delay(POLL_MS)
  }

  #isConfirmed(): boolean {
    return [...this.#confirms].every(([key, state]) => {
      const [name = '', channel] = key.split('/')
      const { client, isClosed } = this.#clients.get(name)!
      const isEnd = (heard: Heard) =>
        heard.kind === 'method' && heard.channel === Number(channel) && heard.method.name === 'channel.close'
      if (isClosed || client.heard.some(heard => isEnd(heard) || isConnectionClose(heard))) return true
      const due = new Set(state.settled)
      for (const heard of client.heard) {
        if (heard.kind !== 'method' || heard.channel !== Number(channel)) continue
        const { name: method, args } = heard.method
        if (method !== 'basic.ack' && method !== 'basic.nack') continue
        for (let tag = args.multiple ? 1 : args.deliveryTag; tag <= args.deliveryTag; tag++) due.add(tag)
      }
      return due.size >= state.published
    })
  }

  #heard(afterLogin: boolean): string[] {
    return [...this.#clients].flatMap(([name, { client }]) => {
      const heard = client.take().filter(each => !isSign(each) && !(afterLogin && isWelcome(each)))
      const isLeaving = this.#leaving.has(name) || heard.some(isClose)
      if (isLeaving) this.#leaving.add(name)
      const told = isLeaving ? heard.filter(({ kind }) => kind !== 'closed') : heard
      return outcome(name, told, this.#confirms).map(line => line.replaceAll(this.#vhost, '/'))
    })
  }
}

const WELCOME: readonly MethodName[] = ['connection.start', 'connection.tune', 'connection.open-ok', 'channel.open-ok']

const isWelcome = (heard: Heard): boolean => heard.kind === 'method' && WELCOME.includes(heard.method.name)

const isClose = (heard: Heard): boolean =>
  isConnectionClose(heard) || (heard.kind === 'method' && heard.method.name === 'connection.close-ok')

/** No probe needs to see that a declaration of an exchange was answered: what follows shows it. */
const isSign = (heard: Heard): boolean => heard.kind === 'method' && heard.method.name === 'exchange.declare-ok'

/** Names and bodies of a publish may look like numbers. */
function texts(values: Values): Values {
  const isText = (name: string): boolean => ['exchange', 'routingKey', 'body'].includes(name)
  return Object.fromEntries(Object.entries(values).map(([name, v]) => [name, isText(name) ? String(v) : v]))
}

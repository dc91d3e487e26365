/**
 * Conversations with a broker as text. A transcript has scenes, each with a broker of its own:
 *
 *     == a claim
 *     # a remark
 *     > a queue.declare queue=q          client `a` (logged in when first named) says this on channel 1
 *     < a queue.declare-ok queue=q       what the clients hear, until nothing more happens
 *     + a/2 basic.ack deliveryTag=1      said on channel 2, together with the next line that starts with `>`
 *
 * Running one writes it anew with what was really heard.
 */
import type { PolicyDefinition } from '../../src/definitions/model.ts'
import { type NamedLimits, VHOST_LIMITS } from '../../src/definitions/named-limits.ts'
import { encodeMethodFrame } from '../../src/wire/codec.ts'
import { heartbeatFrame } from '../../src/wire/frame.ts'
import { METHODS, type MethodArgs, type MethodName } from '../../src/wire/methods.ts'
import { BrokerWorld } from './broker-world.ts'
import { methodArguments, parseCommand, showValue, showValues, type Values } from './script.ts'
import { type Heard, type LoginOptions, type Message, publishFrames, type TestClient } from './test-client.ts'

/** Runs every scene; answers the transcript as it should read. */
export async function rerun(transcript: string): Promise<string> {
  return (await play(transcript)).lines.join('\n').concat('\n')
}

/** Runs every scene; answers the bytes that each of its clients said. */
export async function conversationsOf(transcript: string): Promise<Buffer[]> {
  return (await play(transcript)).scenes.flatMap(scene => scene.conversations)
}

async function play(transcript: string): Promise<{ lines: string[]; scenes: Scene[] }> {
  const lines: string[] = []
  const scenes: Scene[] = []
  let scene = new Scene()
  for (const line of transcript.trimEnd().split('\n')) {
    if (line.startsWith('<')) continue
    lines.push(line)
    if (line.startsWith('==')) {
      scene = new Scene()
      scenes.push(scene)
    } else if (line.startsWith('+ ')) await scene.hold(line.slice(2))
    else if (line.startsWith('> ')) lines.push(...(await scene.say(line.slice(2))))
  }
  return { lines, scenes }
}

class Scene {
  readonly #said = new Map<TestClient, Buffer[]>()
  readonly #clients = new Map<string, TestClient>()
  readonly #held: { client: TestClient; bytes: Buffer }[] = []
  /** Where replies go, as a client heard it last; a line says `amq.rabbitmq.reply-to.…` for it. */
  #replyTo = ''
  #world: BrokerWorld | undefined

  /** What happens without a client. */
  readonly #commands: { readonly [word: string]: (values: Values) => Promise<void> | void } = {
    conf: ({ text }) => {
      this.#world = new BrokerWorld({ conf: String(text) })
    },
    clock: ({ ms }) => this.world.advance(Number(ms)),
    memory: ({ used }) => {
      this.world.resources.memoryUsed = Number(used)
      return this.world.advance(1_000)
    },
    restart: ({ ms }) => {
      this.#clients.clear()
      this.world.clock.forget()
      this.world.clock.advance(Number(ms ?? 0))
      this.world.restart()
    },
    policy: values => {
      const policy = { vhost: '/', name: 'policy', pattern: '.*', applyTo: 'queues', priority: 0, ...values }
      this.world.broker.definitions.put('policy', policy as PolicyDefinition, { durable: true })
    },
    user: values => {
      const { definitions } = this.world.broker
      const { name, tags, ...permission } = { name: '', tags: [], configure: '', write: '', read: '', ...values }
      const guest = definitions.get('user', ['guest'])!
      definitions.put('user', { ...guest, name, tags }, { durable: true })
      definitions.put('permission', { user: name, vhost: '/', ...permission }, { durable: true })
    },
    'topic-permission': values => {
      const permission = { user: '', vhost: '/', exchange: '', write: '', read: '', ...values }
      this.world.broker.definitions.put('topicPermission', permission, { durable: true })
    },
    limits: ({ vhost, user, ...value }) => {
      const { definitions } = this.world.broker
      const limits = value as NamedLimits
      if (vhost !== undefined) {
        definitions.put('parameter', { vhost: String(vhost), ...VHOST_LIMITS, value: limits }, { durable: true })
      }
      const of = definitions.get('user', [String(user)])
      if (of !== undefined) definitions.put('user', { ...of, limits }, { durable: true })
    },
    vhost: ({ name, tracing = false }) => {
      const vhost = {
        name: String(name),
        description: '',
        tags: [],
        defaultQueueType: 'classic',
        tracing: tracing === true,
      }
      this.world.broker.createVhost(vhost)
    },
    'delete-vhost': ({ name }) => this.world.broker.deleteVhost(String(name)),
    stop: () => this.world.broker.close(),
  }

  /** What a client does but for sending methods. */
  readonly #deeds: { readonly [word: string]: (client: TestClient, values: Values) => void } = {
    login: (client, values) => client.login(values as LoginOptions),
    connect: (client, { text }) => client.bytes(Buffer.from(JSON.parse(`"${text}"`), 'latin1')),
    bytes: (client, { hex }) => client.bytes(Buffer.from(String(hex), 'hex')),
    heartbeat: client => client.bytes(heartbeatFrame()),
    leave: client => client.socket.endFromClient(),
    'stop-reading': client => {
      client.socket.isStalled = true
    },
    'read-on': client => {
      client.socket.isStalled = false
    },
  }

  /** What each client said, from first to last. */
  get conversations(): Buffer[] {
    return [...this.#said.values()].map(said => Buffer.concat(said))
  }

  get world(): BrokerWorld {
    this.#world ??= new BrokerWorld()
    return this.#world
  }

  /** Keeps a line back, to be said in one piece with the next. */
  async hold(line: string): Promise<void> {
    const { client, bytes } = await this.#encode(line)
    this.#held.push({ client, bytes })
  }

  /** Says a line; answers what is heard then. */
  async say(line: string): Promise<string[]> {
    const [word = ''] = line.split(' ')
    const command = this.#commands[word]
    if (word === 'queues') return [...this.world.broker.vhosts.get('/')!.queues.values()].map(showQueue)
    if (command !== undefined) await command(parseCommand(line, 1).values)
    else if (this.#deeds[line.split(' ')[1] ?? ''] !== undefined) await this.#do(line)
    else await this.hold(line)
    this.#release()
    await this.world.settle()
    const isNews = (heard: Heard): boolean => !line.includes(' login') || !isWelcome(heard)
    return [...this.#clients].flatMap(([name, client]) => {
      const heard = client.take().filter(isNews)
      this.#replyTo = heard.map(replyAddress).findLast(address => address !== undefined) ?? this.#replyTo
      return heard.map(one => showHeard(name, one))
    })
  }

  async #do(line: string): Promise<void> {
    const { words, values } = parseCommand(line, 2)
    const [name = '', deed = ''] = words
    const isNew = deed === 'login' || deed === 'connect'
    const client = this.#clients.get(name) ?? (isNew ? this.#knock(name) : await this.#client(name))
    this.#deeds[deed]!(client, values)
  }

  /** What is held for one client leaves as one chunk. */
  #release(): void {
    while (this.#held.length > 0) {
      const { client } = this.#held[0]!
      const same = this.#held.findIndex(other => other.client !== client)
      const part = this.#held.splice(0, same < 0 ? this.#held.length : same)
      client.bytes(Buffer.concat(part.map(({ bytes }) => bytes)))
    }
  }

  async #encode(line: string): Promise<{ client: TestClient; bytes: Buffer }> {
    const { words, values } = parseCommand(line.replace(`${REPLY_TO}…`, this.#replyTo), 2)
    const [name = '', channel = '1'] = words[0]!.split('/')
    const client = await this.#client(name)
    const method = words[1] as MethodName
    if (!Object.hasOwn(METHODS, method)) throw new Error(`no such method or command: ${line}`)
    if (method === 'basic.publish') {
      return { client, bytes: publishFrames(Number(channel), texts(values) as Message, client.frameMax) }
    }
    const args = methodArguments(method, values) as MethodArgs<typeof method>
    return { client, bytes: encodeMethodFrame(Number(channel), method, args) }
  }

  async #client(name: string): Promise<TestClient> {
    const known = this.#clients.get(name)
    if (known !== undefined) return known
    return this.#add(name, await this.world.client())
  }

  #knock(name: string): TestClient {
    return this.#add(name, this.world.socket())
  }

  #add(name: string, client: TestClient): TestClient {
    const said: Buffer[] = []
    this.#clients.set(name, client)
    this.#said.set(client, said)
    client.onSaid = bytes => said.push(bytes)
    return client
  }
}

const WELCOME: readonly MethodName[] = ['connection.start', 'connection.tune', 'connection.open-ok', 'channel.open-ok']

const isWelcome = (heard: Heard): boolean => heard.kind === 'method' && WELCOME.includes(heard.method.name)

/** Names and bodies of a publish may look like numbers. */
function texts(values: Values): Values {
  const isText = (name: string): boolean => ['exchange', 'routingKey', 'body'].includes(name)
  return Object.fromEntries(Object.entries(values).map(([name, v]) => [name, isText(name) ? String(v) : v]))
}

function showHeard(client: string, heard: Heard): string {
  if (heard.kind !== 'method') return `< ${client} (${heard.kind})`
  const { channel, method, content } = heard
  const who = channel === 1 ? client : `${client}/${channel}`
  const args: Values = { ...method.args }
  if (method.name === 'connection.start') delete args['serverProperties']
  const parts = [`< ${who} ${method.name}`, showValues(args)]
  if (content !== undefined) {
    const { properties, body, frames } = content
    parts.push(showValues({ properties, ...(frames > 1 ? { frames } : {}) }), `body=${showValue(body)}`)
  }
  return withoutRandom(parts.filter(part => part !== '').join(' '))
}

function showQueue(queue: {
  name: string
  messagesReady: number
  messagesUnacknowledged: number
  consumers: { count: number }
}): string {
  const { name, messagesReady, messagesUnacknowledged, consumers } = queue
  const numbers = `ready=${messagesReady} unacknowledged=${messagesUnacknowledged} consumers=${consumers.count}`
  return withoutRandom(`< queue ${name} ${numbers}`)
}

function withoutRandom(line: string): string {
  return line.replace(/(amq\.(?:gen|ctag)-)[\w-]{22}/g, '$1…').replace(/(amq\.rabbitmq\.reply-to\.)[\w-]{32}/g, '$1…')
}

const REPLY_TO = 'amq.rabbitmq.reply-to.'

function replyAddress(heard: Heard): string | undefined {
  const replyTo = heard.kind === 'method' ? heard.content?.properties.replyTo : undefined
  return replyTo?.startsWith(REPLY_TO) ? replyTo : undefined
}

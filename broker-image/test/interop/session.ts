/**
 * A connection and a confirm channel for each test, to a broker process of the test file. `BROKER_AMQP_URL` and
 * `BROKER_MANAGEMENT_URL` name another broker to run the same claims against: RabbitMQ is the oracle.
 */
import { once } from 'node:events'
import {
  type Channel,
  type ChannelModel,
  type ConfirmChannel,
  type ConsumeMessage,
  connect,
  type Options,
} from 'amqplib'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { startBroker, temporaryFolder } from './broker-process.ts'

/** Filled anew for every test. */
export type Session = {
  amqpUrl: string
  managementUrl: string
  connection: ChannelModel
  channel: ConfirmChannel
  /** A name of this test's own; no queue has it yet. */
  queue: string
}

/** Registers the hooks that start the broker, and open and close the connection. */
export function useSession(): Session {
  const session = {} as Session
  let ended = async () => {}

  beforeAll(async () => {
    const { BROKER_AMQP_URL, BROKER_MANAGEMENT_URL } = process.env
    if (BROKER_AMQP_URL !== undefined) {
      Object.assign(session, { amqpUrl: BROKER_AMQP_URL, managementUrl: BROKER_MANAGEMENT_URL })
      return
    }
    const folder = temporaryFolder()
    const broker = await startBroker(folder.path)
    Object.assign(session, { amqpUrl: broker.amqpUrl, managementUrl: broker.managementUrl })
    ended = async () => {
      await broker.kill()
      folder.remove()
    }
  })

  afterAll(() => ended())

  beforeEach(async ({ task }) => {
    session.connection = await connect(session.amqpUrl)
    session.connection.on('error', () => {})
    session.channel = await session.connection.createConfirmChannel()
    session.channel.on('error', () => {})
    session.queue = `interop ${task.name}`
    await session.channel.deleteQueue(session.queue)
  })

  afterEach(() => session.connection.close().catch(() => {}))

  return session
}

/** Collects what a consumer gets; `take(n)` resolves with the next n. */
export async function consumer(on: Channel, from: string, options: Options.Consume = { noAck: true }) {
  const arrived: ConsumeMessage[] = []
  let wake = () => {}
  const { consumerTag } = await on.consume(
    from,
    message => {
      if (message === null) return
      arrived.push(message)
      wake()
    },
    options,
  )
  const take = async (count: number) => {
    while (arrived.length < count) {
      await new Promise<void>(resolve => {
        wake = resolve
      })
    }
    return arrived.splice(0, count)
  }
  return { consumerTag, arrived, take }
}

/** The code with which the server closes a channel on which `work` was done. */
export async function channelCode(
  connection: ChannelModel,
  work: (on: Channel) => Promise<unknown> | unknown,
): Promise<number> {
  const other = await connection.createChannel()
  const failed = once(other, 'error')
  Promise.resolve(work(other)).catch(() => {})
  const [error] = await failed
  return (error as { code: number }).code
}

/** A request to the management API as guest. */
export async function management(session: Session, method: string, path: string, body?: object): Promise<Response> {
  const headers = { authorization: `Basic ${btoa('guest:guest')}`, 'content-type': 'application/json' }
  return await fetch(session.managementUrl + path, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) })
}

/** An AMQP client outside the cluster: it comes in by the node port of a cluster's Service. */

import { type ChannelModel, type ConfirmChannel, type ConsumeMessage, connect } from 'amqplib'
import { get, type KubernetesObject, list, patch, type Service } from './kubectl.ts'

interface Node extends KubernetesObject {
  status: { addresses: { type: string; address: string }[] }
}

interface Secret {
  data: { [key: string]: string }
}

/** Makes a cluster's Service reachable from outside, as a user would. */
export async function openNodePort(namespace: string, cluster: string): Promise<void> {
  await patch(namespace, `brokercluster/${cluster}`, { spec: { service: { type: 'NodePort' } } })
}

/** host:port of the AMQP port of a cluster's Service; undefined as long as it has none. */
export async function amqpAddress(namespace: string, cluster: string): Promise<string | undefined> {
  const service = await get<Service>(namespace, `service/${cluster}`)
  const port = service.spec.ports.find(({ name }) => name === 'amqp')?.nodePort
  const nodes = await list<Node>(namespace, 'nodes')
  const host = nodes[0]?.status.addresses.find(({ type }) => type === 'InternalIP')?.address
  return port === undefined || host === undefined ? undefined : `${host}:${port}`
}

/** Connects as the user whose name and password are in a Secret. */
export async function connectAs(namespace: string, cluster: string, secretName: string): Promise<ChannelModel> {
  const address = await amqpAddress(namespace, cluster)
  if (address === undefined) throw new Error(`the Service of ${cluster} has no node port`)
  const secret = await get<Secret>(namespace, `secret/${secretName}`)
  const text = (key: string) => encodeURIComponent(Buffer.from(secret.data[key] ?? '', 'base64').toString('utf8'))
  const connection = await connect(`amqp://${text('username')}:${text('password')}@${address}`)
  // A connection that breaks also fails the call that waits on it; without a listener it would end the process.
  connection.on('error', () => undefined)
  return connection
}

/** Publishes persistent messages whose messageId counts from `first`; resolves when all are confirmed. */
export async function publish(
  channel: ConfirmChannel,
  to: { exchange: string; routingKey: string },
  first: number,
  count: number,
): Promise<void> {
  for (let id = first; id < first + count; id++) {
    const options = { persistent: true, messageId: `${id}` }
    if (!channel.publish(to.exchange, to.routingKey, Buffer.from(`order ${id}`), options)) {
      await new Promise(resolve => channel.once('drain', resolve))
    }
  }
  await channel.waitForConfirms()
}

/** Reads all that a queue holds and leaves it there, as nothing is acknowledged. Answers how often each messageId came. */
export async function readAll(connection: ChannelModel, queue: string): Promise<Map<string, number>> {
  const seen = new Map<string, number>()
  const channel = await connection.createChannel()
  const { messageCount } = await channel.checkQueue(queue)
  let missing = messageCount
  await new Promise<void>((resolve, reject) => {
    connection.on('close', () => reject(new Error(`the connection ended with ${missing} messages still to come`)))
    if (missing === 0) resolve()
    const take = (message: ConsumeMessage | null) => {
      const id = `${message?.properties.messageId}`
      seen.set(id, (seen.get(id) ?? 0) + 1)
      missing -= 1
      if (missing === 0) resolve()
    }
    channel.consume(queue, take).catch(reject)
  })
  await channel.close()
  return seen
}

/** Messages that wait in a queue. */
export async function depthOf(connection: ChannelModel, queue: string): Promise<number> {
  const channel = await connection.createChannel()
  const { messageCount } = await channel.checkQueue(queue)
  await channel.close()
  return messageCount
}

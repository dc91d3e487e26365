/** Ports of local brokers: the first cluster gets those that were asked for, each further one the next. */

import { createServer } from 'node:net'
import type { Address } from '../desired/inputs.ts'

/** A port that somebody else listens on; the message says which and what to do. */
export class PortInUse extends Error {}

export class PortPlan {
  readonly #first: Address
  readonly #order: string[] = []

  constructor(first: Address) {
    this.#first = first
  }

  addressOf(namespace: string, cluster: string): Address {
    const key = `${namespace}/${cluster}`
    if (!this.#order.includes(key)) this.#order.push(key)
    const step = this.#order.indexOf(key)
    const { host, amqpPort, managementPort } = this.#first
    return { host, amqpPort: amqpPort + step, managementPort: managementPort + step }
  }
}

/** Raises `PortInUse` when one of the two is taken. */
export async function assertPortsFree({ host, amqpPort, managementPort }: Address): Promise<void> {
  await assertFree(host, amqpPort, '--amqp-port N (or AMQP_PORT=N make run)')
  await assertFree(host, managementPort, '--management-port N (or MANAGEMENT_PORT=N make run)')
}

async function assertFree(host: string, port: number, flag: string): Promise<void> {
  const server = createServer()
  const error = await new Promise<NodeJS.ErrnoException | undefined>(resolve => {
    server.once('error', resolve)
    server.listen(port, host, () => resolve(undefined))
  })
  if (error === undefined) {
    await new Promise(resolve => server.close(resolve))
    return
  }
  const why =
    error.code === 'EADDRINUSE' ? 'is in use: stop the program that listens there' : `cannot be used (${error.code})`
  throw new PortInUse(`port ${port} ${why}, or choose another with ${flag}`)
}

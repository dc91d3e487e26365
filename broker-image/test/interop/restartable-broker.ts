/**
 * A broker process for a test file, which can be killed under its clients and comes back with its data and its ports.
 * `BROKER_AMQP_URL` and `BROKER_MANAGEMENT_URL` name another broker to run the same claims against; that one is not killed.
 */
import { afterAll, beforeAll, expect } from 'vitest'
import { type BrokerProcess, startBroker, temporaryFolder } from './broker-process.ts'

const OTHER_URL = process.env['BROKER_AMQP_URL']

export const CAN_KILL = OTHER_URL === undefined

export interface RestartableBroker {
  amqpUrl: string
  managementUrl: string
  /** SIGKILL, and a new start at once. */
  killAndRestart(): Promise<void>
}

/** Registers the hooks that start and end the broker. */
export function useBroker(): RestartableBroker {
  const folder = temporaryFolder()
  let running: BrokerProcess | undefined
  const broker: RestartableBroker = {
    amqpUrl: OTHER_URL ?? '',
    managementUrl: process.env['BROKER_MANAGEMENT_URL'] ?? '',
    killAndRestart: async () => {
      await running!.kill()
      running = await startBroker(folder.path, running)
    },
  }
  beforeAll(async () => {
    if (!CAN_KILL) return
    running = await startBroker(folder.path)
    Object.assign(broker, { amqpUrl: running.amqpUrl, managementUrl: running.managementUrl })
  })
  afterAll(async () => {
    await running?.kill()
    folder.remove()
  })
  return broker
}

/** Waits until the management API knows no such queue: a question by AMQP would be a use of it. */
export async function untilExpired({ managementUrl }: RestartableBroker, queue: string): Promise<void> {
  const headers = { authorization: `Basic ${btoa('guest:guest')}` }
  const status = async () =>
    (await fetch(`${managementUrl}/api/queues/%2F/${encodeURIComponent(queue)}`, { headers })).status
  await expect.poll(status, { timeout: 10_000 }).toBe(404)
}

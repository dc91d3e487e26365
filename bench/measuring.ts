/** What scenarios share: rates over a time, what they cost in processor time, and waiting for an end. */
import { setTimeout as delay } from 'node:timers/promises'
import { processorMs } from './processes.ts'
import { AmqpSocket, type Sink, type Way } from './socket.ts'

export type Figures = Record<string, number>

/** The broker under load: where it listens, and its process for reading what it costs. */
export type Target = Way & { readonly port: number; readonly pid: number }

const SETTLE_SECONDS = 60

/** For connections on which nothing arrives in bulk. */
export const ignore: Sink = { delivery() {}, body() {}, confirm() {}, endOfRead() {} }

/** A connection yet to open. One that breaks later ends the generator: its figure is worth nothing. */
export function socketTo(target: Target, sink: Sink): AmqpSocket {
  return new AmqpSocket(target.port, sink, broken, target)
}

/** A connection with its channel. */
export async function connect(target: Target, sink: Sink): Promise<AmqpSocket> {
  const socket = socketTo(target, sink)
  await socket.open()
  return socket
}

function broken(error: Error): void {
  throw error
}

/**
 * How much a count grows per second, over `seconds`; the processor time that the broker spends on each of what is
 * counted, in microseconds, all its threads and processes together; and the generator's own, in percent of a core.
 */
export async function measured(target: Target, seconds: number, count: () => number): Promise<Figures> {
  const brokerBefore = processorMs(target.pid)
  const ownBefore = process.cpuUsage()
  const countBefore = count()
  const before = performance.now()
  await delay(seconds * 1000)
  const elapsedMs = performance.now() - before
  const counted = count() - countBefore
  if (counted === 0) throw new Error(`nothing arrived in ${seconds} s`)
  const own = process.cpuUsage(ownBefore)
  const brokerMs = processorMs(target.pid) - brokerBefore
  return {
    perSecond: (counted / elapsedMs) * 1000,
    brokerMicros: (brokerMs * 1000) / counted,
    generatorPercent: ((own.user + own.system) / 1000 / elapsedMs) * 100,
  }
}

/** Waits until `done`; messages that are missing after a minute are lost. */
export async function settled(done: () => boolean): Promise<void> {
  const end = performance.now() + SETTLE_SECONDS * 1000
  while (!done()) {
    if (performance.now() > end) throw new Error(`messages are missing after ${SETTLE_SECONDS} s`)
    await delay(5)
  }
}

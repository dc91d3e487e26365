/** Declares of durable queues on one channel: how fast they are answered, and what is left in memory. */
import { connect, type Figures, ignore, type Target } from './measuring.ts'
import type { AmqpSocket } from './socket.ts'
import { declareFrame, deleteFrame, Method } from './wire.ts'

export type DeclareLoad = {
  readonly kind: 'declares'
  readonly count: number
  /** So many go without waiting for an answer. */
  readonly pipeline: number
  readonly seconds: number
  /** So many queues come and go first, so that what a broker's first queues bring with them is no part of the figures. */
  readonly warmUp: number
}

/** Time for declares of a queue that is there. */
const AGAIN_SECONDS = 1

/**
 * Declares until `count` or `seconds` are reached; memory is that of the queues that stay. `againPerSecond`: the same where
 * nothing is to be written, one by one.
 */
export async function declares(target: Target, load: DeclareLoad, rest: () => Promise<void>): Promise<Figures> {
  const connection = await connect(target, ignore)
  for (let at = 0; at < load.warmUp; at += load.pipeline) {
    const names = queueNames('warm-up', at, load.pipeline)
    await declareAll(connection, names)
    await deleteAll(connection, names)
  }
  if (load.warmUp > 0) await rest()
  const start = performance.now()
  let declared = 0
  while (declared < load.count && performance.now() - start < load.seconds * 1000) {
    await declareAll(connection, queueNames('idle', declared, load.pipeline))
    declared += load.pipeline
  }
  const perSecond = (declared / (performance.now() - start)) * 1000
  const againPerSecond = await declareAgain(connection)
  await connection.close()
  await rest()
  return { perSecond, againPerSecond, count: declared }
}

async function declareAgain(connection: AmqpSocket): Promise<number> {
  const start = performance.now()
  let declared = 0
  for (; performance.now() - start < AGAIN_SECONDS * 1000; declared++)
    await declareAll(connection, queueNames('idle', 0, 1))
  return (declared / (performance.now() - start)) * 1000
}

function queueNames(prefix: string, from: number, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}-${from + i}`)
}

async function declareAll(connection: AmqpSocket, names: readonly string[]): Promise<void> {
  const replies = names.map(() => connection.expect(Method.queueDeclareOk))
  connection.socket.write(Buffer.concat(names.map(name => declareFrame(name, true))))
  await Promise.all(replies)
}

async function deleteAll(connection: AmqpSocket, names: readonly string[]): Promise<void> {
  const replies = names.map(() => connection.expect(Method.queueDeleteOk))
  connection.socket.write(Buffer.concat(names.map(name => deleteFrame(name))))
  await Promise.all(replies)
}

/** Many connections with a channel each, opened as fast as the broker admits them, and held. */
import { connect, type Figures, ignore, type Target } from './measuring.ts'
import type { AmqpSocket } from './socket.ts'

export type ConnectionsLoad = {
  readonly kind: 'connections'
  readonly count: number
  /** Handshakes on their way at a time. */
  readonly atATime: number
}

/** Connections opened a second, each with a channel. `rest` is called while all are open. */
export async function connections(target: Target, load: ConnectionsLoad, rest: () => Promise<void>): Promise<Figures> {
  const open: AmqpSocket[] = []
  let started = 0
  const worker = async () => {
    while (started < load.count) {
      started++
      open.push(await connect(target, ignore))
    }
  }
  const before = performance.now()
  await Promise.all(Array.from({ length: load.atATime }, worker))
  const perSecond = (load.count / (performance.now() - before)) * 1000
  await rest()
  for (const socket of open) socket.drop()
  return { perSecond, count: load.count }
}

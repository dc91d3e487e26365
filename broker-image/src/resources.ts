/** Memory and disk of the machine, or of the container that the broker runs in. */
import { statfsSync } from 'node:fs'
import { totalmem } from 'node:os'
import type { Resources } from './alarms.ts'

/** Resources as this process may use them; `directory` is where its data lives. */
export function machineResources(directory: string): Resources {
  const limit = process.constrainedMemory()
  const memoryTotal = limit > 0 ? Math.min(limit, totalmem()) : totalmem()
  return {
    memoryUsed: () => process.memoryUsage.rss(),
    memoryTotal: () => memoryTotal,
    diskFree: () => {
      const { bavail, bsize } = statfsSync(directory)
      return bavail * bsize
    },
  }
}

/** What the process and its machine have and use. */

import { readdir } from 'node:fs/promises'
import { watermarkBytes } from '../config/settings.ts'
import { machineResources } from '../resources.ts'
import type { ManagedBroker } from './managed.ts'

export interface HostFacts {
  memoryUsedBytes: number
  /** Above it publishers wait. */
  memoryLimitBytes: number
  diskFreeBytes: number
  /** Below it publishers wait. */
  diskFreeLimitBytes: number
  /** 0 where the system does not tell. */
  openFiles: number
}

export async function hostFacts({ config }: ManagedBroker): Promise<HostFacts> {
  const resources = machineResources(config.dataDirectory)
  const memoryTotal = resources.memoryTotal()
  return {
    memoryUsedBytes: resources.memoryUsed(),
    memoryLimitBytes: watermarkBytes(config.memoryHighWatermark, memoryTotal),
    diskFreeBytes: resources.diskFree(),
    diskFreeLimitBytes: watermarkBytes(config.diskFreeLimit, memoryTotal),
    openFiles: await countOpenFiles(),
  }
}

async function countOpenFiles(): Promise<number> {
  try {
    return (await readdir('/proc/self/fd')).length
  } catch {
    return 0
  }
}

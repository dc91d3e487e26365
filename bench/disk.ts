/** What the disk allows: a broker that answers after its sync, one request after the other, can do no more than this. */
import { closeSync, fdatasync, fdatasyncSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import path from 'node:path'

const FILE_BYTES = 16 * 1024 * 1024
/** What a durable queue with a short name takes, in a batch of its own. */
const WRITE_BYTES = 192
const MEASURE_MS = 1500

/**
 * Writes with one `fdatasync` each, one after the other, a second, into a file of zeros as the log has it: by a process
 * that does nothing else (`blocking`), and by one whose event loop goes on while the disk works (`evented`).
 */
export type DiskRates = { readonly blocking: number; readonly evented: number }

export async function diskRates(directory: string): Promise<DiskRates> {
  const folder = mkdtempSync(path.join(directory, 'warren-bench-disk-'))
  const fd = openSync(path.join(folder, 'zeros'), 'w')
  try {
    writeSync(fd, Buffer.alloc(FILE_BYTES))
    fsyncSync(fd)
    const evented = await perSecond(fd, () => synced(fd))
    return { evented, blocking: await perSecond(fd, () => fdatasyncSync(fd)) }
  } finally {
    closeSync(fd)
    rmSync(folder, { recursive: true })
  }
}

function synced(fd: number): Promise<void> {
  return new Promise((resolve, reject) => fdatasync(fd, error => (error === null ? resolve() : reject(error))))
}

async function perSecond(fd: number, sync: () => Promise<void> | void): Promise<number> {
  const bytes = Buffer.alloc(WRITE_BYTES, 1)
  const start = performance.now()
  let writes = 0
  while (performance.now() - start < MEASURE_MS) {
    writeSync(fd, bytes, 0, WRITE_BYTES, (writes * WRITE_BYTES) % (FILE_BYTES - WRITE_BYTES))
    await sync()
    writes++
  }
  return (writes / (performance.now() - start)) * 1000
}

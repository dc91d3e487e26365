/** One run at a time in a folder: two brokers over the same data would destroy it. */

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { realpathSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Another run has the folder; the message says what to do. */
export class FolderInUse extends Error {}

/**
 * Holds the folder until this process ends or `release` is called. The claim is a socket that listens, and not a file
 * with a process id: the kernel takes it back however we end, and no other process can look like its owner.
 */
export async function claimFolder(folder: string): Promise<{ release(): void }> {
  const id = createHash('sha256').update(realpathSync(folder)).digest('hex').slice(0, 24)
  const path = join(tmpdir(), `warren-${id}.sock`)
  const claim = (await listenOn(path)) ?? (await takeOver(path))
  if (claim === undefined) {
    throw new FolderInUse(`another run uses ${folder}: stop it, or choose another folder with --folder PATH`)
  }
  claim.unref()
  return { release: () => claim.close() }
}

/** The file of a socket stays when its process is killed; nobody answers there. */
async function takeOver(path: string) {
  if (await answers(path)) return undefined
  rmSync(path, { force: true })
  return await listenOn(path)
}

async function listenOn(path: string) {
  const server = createServer().listen(path)
  try {
    await once(server, 'listening')
    return server
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined
    throw error
  }
}

async function answers(path: string): Promise<boolean> {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

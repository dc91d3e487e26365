/** One run at a time in a folder: a second one would write its own ports and Secrets over those of the first. */

import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** SQLite's code for a file that another process has locked [sqlite.org, result codes]. */
const SQLITE_BUSY = 5

/** Another run has the folder; the message says what to do. */
export class FolderInUse extends Error {}

/**
 * Holds the folder until `release` or the end of this process, however it comes: the kernel keeps the lock, and no file
 * with a process id that could outlive its process. Node offers such locks only through SQLite; the file stays empty.
 */
export function claimFolder(folder: string): { release(): void } {
  const lock = new DatabaseSync(join(folder, 'lock'))
  try {
    lock.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error
    throw new FolderInUse(`another run uses ${folder}: stop it, or choose another folder with --folder PATH`)
  }
  return { release: () => lock.close() }
}

/** One broker at a time on a data folder: two would write over each other's logs. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

const LOCK_FILE = 'lock'
/** SQLite's code for a file that another process has locked [sqlite.org, result codes]. */
const SQLITE_BUSY = 5

/** Another broker has the folder. The message is for the user. */
export class FolderInUseError extends Error {
  constructor(folder: string) {
    super(`another broker uses the data folder ${folder}: stop it, or choose another one with --data-dir`)
    this.name = 'FolderInUseError'
  }
}

/** The hold on a folder; it lasts until `release`, or until the process ends in whatever way. */
export interface FolderLock {
  release(): void
}

/**
 * Locks `folder` for this process. The lock is the kernel's, on a file in the folder, and not a process id written into
 * it: it goes with its process also after `kill -9`, and holds against another container on the same volume. Node offers
 * such locks only through SQLite; the file stays empty.
 *
 * Waits up to `waitMs` for a broker that is on its way out (a pod deleted by force lives on for a moment); nothing else
 * runs meanwhile.
 * @throws FolderInUseError, or SQLite's own error where the file cannot be made or locked.
 */
export function lockFolder(folder: string, waitMs: number): FolderLock {
  try {
    const file = new DatabaseSync(join(folder, LOCK_FILE), { timeout: waitMs })
    file.exec('BEGIN EXCLUSIVE')
    return { release: () => file.close() }
  } catch (error) {
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) throw new FolderInUseError(folder)
    throw error
  }
}

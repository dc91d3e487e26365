/** What can go wrong with a log: found damage, a format that we do not know, and a full disk. */

/** Damage inside what was once stable. Nothing at or behind `offset` of `file` may be trusted. */
export class LogCorruptError extends Error {
  readonly file: string
  /** Byte offset in the file. */
  readonly offset: number

  constructor(file: string, offset: number, reason: string) {
    super(`${file}, byte ${offset}: ${reason}`)
    this.name = 'LogCorruptError'
    this.file = file
    this.offset = offset
  }
}

/** The file was written by a Warren whose format this one does not read. */
export class LogVersionError extends Error {
  constructor(file: string, found: number, known: number) {
    super(`${file} has log format ${found}, and this version of Warren reads format ${known}`)
    this.name = 'LogVersionError'
  }
}

/** The disk has no room for a new segment or checkpoint. Nothing is lost: the log tries again at the next commit. */
export class DiskFullError extends Error {
  constructor(what: string, cause: unknown) {
    super(`no space left on the disk: ${what}`, { cause })
    this.name = 'DiskFullError'
  }
}

/** The system's error code for a full disk or an exhausted quota, told apart from a broken one. */
export function isDiskFull(error: Error): boolean {
  const code = (error as NodeJS.ErrnoException).code
  return error instanceof DiskFullError || code === 'ENOSPC' || code === 'EDQUOT'
}

/** The same error, as a DiskFullError if the disk is full; `what` there was no room for. */
export function asDiskFull(error: Error, what: string): Error {
  return isDiskFull(error) && !(error instanceof DiskFullError) ? new DiskFullError(what, error) : error
}

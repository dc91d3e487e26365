/** What can go wrong with a log: found damage, a format that we do not know, and a full disk. */

/** Damage inside what was once stable. Nothing at or behind `offset` of `file` may be trusted. */
export class LogCorruptError extends Error {
  readonly file: string
  /** Byte offset in the file. */
  readonly offset: number
  readonly #reason: string

  constructor(file: string, offset: number, reason: string) {
    super(`${file}, byte ${offset}: ${reason}`)
    this.name = 'LogCorruptError'
    this.file = file
    this.offset = offset
    this.#reason = reason
  }

  /** The same error, its file named from the parent of `folder`. */
  within(folder: string): LogCorruptError {
    return new LogCorruptError(`${folder}/${this.file}`, this.offset, this.#reason)
  }
}

/** A format version that was found in a file, and where. */
export interface FoundVersion {
  /** Byte offset in the file. */
  readonly offset: number
  readonly version: number
  /** The versions that this Warren reads. */
  readonly read: readonly number[]
}

/** The file was written by a Warren whose format this one does not read. */
export class LogVersionError extends Error {
  readonly file: string
  readonly found: FoundVersion

  constructor(file: string, found: FoundVersion) {
    const { offset, version, read } = found
    const advice = 'start the Warren that wrote it, or a newer one; nothing was changed'
    super(`${file}, byte ${offset}: log format ${version}, and this Warren reads ${read.join(' and ')}: ${advice}`)
    this.name = 'LogVersionError'
    this.file = file
    this.found = found
  }

  /** The same error, its file named from the parent of `folder`. */
  within(folder: string): LogVersionError {
    return new LogVersionError(`${folder}/${this.file}`, this.found)
  }
}

/** The system could not read a file back from `offset` on, or the file ends there. */
export class LogReadError extends Error {
  readonly file: string
  /** Byte offset in the file. */
  readonly offset: number

  constructor(file: string, offset: number, cause: Error) {
    super(`${file}, byte ${offset}: ${cause.message}`, { cause })
    this.name = 'LogReadError'
    this.file = file
    this.offset = offset
  }

  /** The same error, its file named from the parent of `folder`. */
  within(folder: string): LogReadError {
    return new LogReadError(`${folder}/${this.file}`, this.offset, this.cause as Error)
  }
}

/** Errors that name a file of one log. */
const FILE_ERRORS = [LogCorruptError, LogVersionError, LogReadError] as const

/** Opens a log; where it can't be read, its files are named together with their folder: all logs call them alike. */
export function openIn<T>(folder: string, open: () => T): T {
  try {
    return open()
  } catch (error) {
    for (const type of FILE_ERRORS) if (error instanceof type) throw error.within(folder)
    throw error
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

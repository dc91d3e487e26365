/** What can go wrong with a log: found damage, and a full disk. */

/** Damage inside what was once stable. Nothing behind `offset` of `file` may be trusted. */
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

/** The disk has no room for a new segment or checkpoint. Nothing is lost: the log tries again at the next commit. */
export class DiskFullError extends Error {
  constructor(what: string, cause: unknown) {
    super(`no space left on the disk: ${what}`, { cause })
    this.name = 'DiskFullError'
  }
}

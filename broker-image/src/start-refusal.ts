/** What stops a start, in words for the person who started it; only a bug of ours shows where it came from. */
import { ConfigError } from './config/config-error.ts'
import { FolderInUseError } from './folder-lock.ts'
import { DiskFullError, LogCorruptError, LogReadError, LogVersionError } from './log/errors.ts'
import { CertificateError } from './transport/certificates.ts'

/** Errors whose messages say it all. */
const PLAIN = [ConfigError, CertificateError, FolderInUseError, LogVersionError, LogReadError, DiskFullError] as const

/** The text for standard error: one line, or the stack of an error that nobody expected. */
export function startRefusal(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (PLAIN.some(type => error instanceof type)) return error.message
  if (error instanceof LogCorruptError) {
    return `the data folder is damaged: ${error.message}; nothing was changed: keep a copy, and see docs/operations.md`
  }
  return systemRefusal(error) ?? error.stack ?? error.message
}

/** What the system refused: a port, an address, a file or a folder. */
function systemRefusal(error: Error): string | undefined {
  const { code, hostname, port, address, path, errcode } = error as NodeJS.ErrnoException & {
    hostname?: string
    port?: number
    address?: string
    errcode?: number
  }
  if (hostname !== undefined) return `cannot listen on ${hostname}: ${code}, there is no such host`
  if (code === 'EADDRINUSE') return `port ${port} is in use: choose another one`
  if (port !== undefined) return `cannot listen on ${address ?? 'any address'}, port ${port}: ${code}`
  if (path !== undefined) return `cannot use ${path}: ${error.message}`
  if (errcode !== undefined) return `cannot lock the data folder: ${error.message}; is it writable?`
  return undefined
}

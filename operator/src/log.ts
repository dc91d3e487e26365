/** The operator's log: JSON lines on standard output, level changeable while running. */

import pino, { type DestinationStream, type Logger } from 'pino'

export type { Logger } from 'pino'

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export function isLogLevel(word: string): word is LogLevel {
  return (LOG_LEVELS as readonly string[]).includes(word)
}

/**
 * A log at `level`. Setting `level` on it later changes it, and every child made from then on; a pino child keeps the
 * level it was born with, so only short-lived children (one a pass) are made. Fields named for secrets are cut out.
 */
export function createLog(level: LogLevel, destination: DestinationStream = pino.destination(1)): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
      redact: ['password', '*.password', 'authorization', '*.authorization'],
    },
    destination,
  )
}

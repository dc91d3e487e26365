/** A second way for the lines of the log: to the broker, which publishes them. */

/** Who hears a line, and with which severity, by RabbitMQ's words. */
export interface LogListener {
  logged(severity: string, line: string): void
}

/** Severities by the names of our levels. */
const SEVERITIES: { readonly [level: string]: string } = { warn: 'warning', fatal: 'critical' }

/** A destination of the logger. Until somebody listens its lines go nowhere. */
export class LogTap {
  listener: LogListener | null = null

  write(line: string): void {
    if (this.listener === null) return
    const { level } = JSON.parse(line) as { level: string }
    this.listener.logged(SEVERITIES[level] ?? level, line.trimEnd())
  }
}

/** One broker as a child process: started, watched, started again with back-off when it dies, and stopped. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { LogFile } from './log-file.ts'

const RESTART_MS = 500
const RESTART_MAX_MS = 30_000
/** As long as a kubelet would wait before it kills. */
const GRACE_MS = 60_000
const PROBE_MS = 250
const PROBE_TIMEOUT_MS = 2_000

/** Of the output of a broker so much is kept, to say why it ended. */
const KEPT_CHARACTERS = 8192
const REASON_CHARACTERS_MAX = 300

export interface BrokerCommand {
  /** Program and arguments. It ends when its standard input does. */
  argv: readonly [string, ...string[]]
  env: { [name: string]: string }
  logFile: string
  /** Answers 200 when the broker serves clients. */
  readyUrl: string
}

export interface BrokerWatcher {
  /** Told each time the broker begins or ends to serve. */
  ready(ready: boolean): void
  /** Told when it ended though nobody asked for it; `reason` is a signal or the last thing it said. */
  died(reason: string): void
}

export class BrokerProcess {
  readonly #command: BrokerCommand
  readonly #watcher: BrokerWatcher
  readonly #log: LogFile
  #lastOutput = ''
  #child: ChildProcess | undefined
  #stopping = false
  #ready = false
  #failures = 0
  #timer: NodeJS.Timeout | undefined
  #probe: NodeJS.Timeout | undefined

  constructor(command: BrokerCommand, watcher: BrokerWatcher) {
    this.#command = command
    this.#watcher = watcher
    this.#log = new LogFile(command.logFile)
  }

  start(): void {
    const [program, ...args] = this.#command.argv
    const env = { ...process.env, ...this.#command.env }
    // A group of its own: a Ctrl-C of the terminal is for us, and the broker hears of it in the order of our stop.
    const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'], detached: true })
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => this.#heard(text))
    }
    child.once('error', error => this.#heard(`${error.message}\n`))
    child.once('close', (_code, signal) => this.#ended(signal))
    this.#child = child
    this.#probeSoon()
  }

  /** Resolves when the process has ended; it gets a minute to do so by itself. */
  async stop(): Promise<void> {
    this.#stopping = true
    clearTimeout(this.#timer)
    clearTimeout(this.#probe)
    const child = this.#child
    if (child !== undefined) {
      const closed = once(child, 'close')
      child.kill('SIGTERM')
      const killer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS)
      await closed
      clearTimeout(killer)
    }
  }

  kill(): void {
    this.#stopping = true
    this.#child?.kill('SIGKILL')
  }

  #heard(text: string): void {
    this.#lastOutput = (this.#lastOutput + text).slice(-KEPT_CHARACTERS)
    this.#log.write(text)
  }

  #ended(signal: string | null): void {
    this.#child = undefined
    clearTimeout(this.#probe)
    this.#tell(false)
    if (this.#stopping) return
    this.#watcher.died(signal ?? reasonIn(this.#lastOutput))
    const delay = Math.min(RESTART_MAX_MS, RESTART_MS * 2 ** this.#failures)
    this.#failures += 1
    this.#timer = setTimeout(() => this.start(), delay)
  }

  #probeSoon(): void {
    this.#probe = setTimeout(() => void this.#check(), PROBE_MS)
  }

  async #check(): Promise<void> {
    const child = this.#child
    const ready = await fetch(this.#command.readyUrl, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) }).then(
      response => response.ok,
      () => false,
    )
    if (this.#stopping || child === undefined || child !== this.#child) return
    if (ready) this.#failures = 0
    this.#tell(ready)
    this.#probeSoon()
  }

  #tell(ready: boolean): void {
    if (ready === this.#ready) return
    this.#ready = ready
    this.#watcher.ready(ready)
  }
}

/** The last line of the output that is not part of a stack trace. */
function reasonIn(output: string): string {
  const lines = output.split('\n').filter(line => /^\S/.test(line) && !line.startsWith('Node.js v'))
  return (lines.at(-1) ?? 'it said nothing').slice(0, REASON_CHARACTERS_MAX)
}

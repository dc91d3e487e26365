/** One broker as a child process: started, watched, started again with back-off when it dies, and stopped. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs'
import { dirname } from 'node:path'

const RESTART_MS = 500
const RESTART_MAX_MS = 30_000
/** As long as a kubelet would wait before it kills. */
const GRACE_MS = 60_000
const PROBE_MS = 250
const PROBE_TIMEOUT_MS = 2_000

export interface BrokerCommand {
  /** Program and arguments. */
  argv: readonly [string, ...string[]]
  env: { [name: string]: string }
  logFile: string
  /** Answers 200 when the broker serves clients. */
  readyUrl: string
}

export class BrokerProcess {
  readonly #command: BrokerCommand
  readonly #onReady: (ready: boolean) => void
  readonly #log: WriteStream
  #child: ChildProcess | undefined
  #stopping = false
  #ready = false
  #failures = 0
  #timer: NodeJS.Timeout | undefined
  #probe: NodeJS.Timeout | undefined

  /** `onReady` is told each time the broker begins or ends to serve. */
  constructor(command: BrokerCommand, onReady: (ready: boolean) => void) {
    this.#command = command
    this.#onReady = onReady
    mkdirSync(dirname(command.logFile), { recursive: true })
    this.#log = createWriteStream(command.logFile, { flags: 'a' })
  }

  start(): void {
    const [program, ...args] = this.#command.argv
    const env = { ...process.env, ...this.#command.env }
    // A group of its own: a Ctrl-C of the terminal is for us, and the broker hears of it in the order of our stop.
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    child.stdout.pipe(this.#log, { end: false })
    child.stderr.pipe(this.#log, { end: false })
    child.once('error', error => this.#log.write(`${error.message}\n`))
    child.once('close', () => this.#ended())
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
    this.#log.end()
  }

  kill(): void {
    this.#stopping = true
    this.#child?.kill('SIGKILL')
  }

  #ended(): void {
    this.#child = undefined
    clearTimeout(this.#probe)
    this.#tell(false)
    if (this.#stopping) return
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
    this.#onReady(ready)
  }
}

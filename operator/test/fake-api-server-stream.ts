/** One watch of the fake API server, and the ways in which it goes wrong. */

import type { ServerResponse } from 'node:http'
import type { HistoryEvent } from './fake-api-server-store.ts'

/** What goes wrong with one watch, after `after` events (0: at once). */
export type WatchFault =
  | { kind: 'refuse'; status: number }
  | { kind: 'gone-http' }
  | { kind: 'gone-event'; after: number }
  | { kind: 'error-event'; after: number }
  | { kind: 'drop'; after: number }
  | { kind: 'end'; after: number }
  | { kind: 'cut'; after: number; clean: boolean }
  | { kind: 'garbage'; after: number }
  | { kind: 'half-open'; after: number }
  | { kind: 'duplicate' }
  | { kind: 'replay' }
  | { kind: 'reorder' }
  | { kind: 'slow' }

/** Sends events to one client, faultily. */
export class FaultyStream {
  readonly #response: ServerResponse
  readonly #fault: WatchFault | undefined
  readonly #sent: string[] = []
  #held: string | undefined
  #silent = false

  constructor(response: ServerResponse, fault: WatchFault | undefined) {
    this.#response = response
    this.#fault = fault
    response.writeHead(200, { 'content-type': 'application/json' })
    response.flushHeaders()
    this.#failIfDue()
  }

  send(event: HistoryEvent): void {
    const line = `${JSON.stringify({ type: event.type, object: event.object })}\n`
    if (this.#fault?.kind === 'reorder') this.#sendSwapped(line)
    else this.#write(line)
    if (this.#fault?.kind === 'duplicate') this.#write(line)
    if (this.#fault?.kind === 'replay') this.#write(this.#sent[0] ?? line)
    this.#sent.push(line)
    this.#failIfDue()
  }

  /** Tells how far the client is. Never overtakes an event that is held back. */
  bookmark(version: number): void {
    if (this.#held !== undefined) return
    const object = { kind: 'Bookmark', metadata: { resourceVersion: `${version}` } }
    this.#write(`${JSON.stringify({ type: 'BOOKMARK', object })}\n`)
  }

  /** Sends what is held back. */
  flush(): void {
    if (this.#held !== undefined) this.#write(this.#held)
    this.#held = undefined
  }

  end(): void {
    this.flush()
    this.#response.end()
  }

  #sendSwapped(line: string): void {
    if (this.#held === undefined) {
      this.#held = line
      return
    }
    this.#write(line)
    this.flush()
  }

  #write(text: string): void {
    if (this.#silent || this.#response.destroyed || this.#response.writableEnded) return
    if (this.#fault?.kind !== 'slow') {
      this.#response.write(text)
      return
    }
    const bytes = Buffer.from(text)
    for (let start = 0; start < bytes.length; start += 7) this.#response.write(bytes.subarray(start, start + 7))
  }

  #failIfDue(): void {
    const fault = this.#fault
    if (fault === undefined || !('after' in fault) || this.#sent.length < fault.after) return
    if (fault.kind === 'half-open') this.#silent = true
    else if (fault.kind === 'drop') this.#response.destroy()
    else if (fault.kind === 'end') this.#response.end()
    else if (fault.kind === 'garbage') this.#write('<html>bad gateway</html>\n')
    else if (fault.kind === 'gone-event') this.#fail(410, 'Expired')
    else if (fault.kind === 'error-event') this.#fail(500, 'InternalError')
    else this.#cut(fault.clean)
  }

  #fail(code: number, reason: string): void {
    this.#write(`${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code, reason, message: 'fault' } })}\n`)
    this.#response.end()
  }

  #cut(clean: boolean): void {
    this.#response.write('{"type":"MODIFIED","object":{"metadata":{"na', () => {
      if (clean) this.#response.end()
      else this.#response.destroy()
    })
    this.#silent = true
  }
}

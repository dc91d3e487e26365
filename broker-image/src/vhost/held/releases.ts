/** Takes messages out of a queue as they fall due: in order, some in a turn, whether in memory or on disk. */
import { fetchSegment } from '../../queue/context.ts'
import { isPersistent, SETTLED } from '../../queue/message.ts'
import { waitsForDisk } from '../../queue/pace.ts'
import { type WireBytes, wireOf } from '../../queue/wire-bytes.ts'
import type { Hold } from './site.ts'

/** Messages that leave before others get their turn. */
const RELEASES_PER_TURN = 256

/** Sends a message on that is due, once it has called `settle`: its bytes stay until the turn ends. */
type Send = (wire: WireBytes, settle: () => void) => void

export class Releases {
  readonly #hold: Hold
  readonly #send: Send
  /** Sequence numbers of messages that are due, and how many of them have been looked at. */
  #due: number[] = []
  #done = 0
  #isBusy = false

  constructor(hold: Hold, send: Send) {
    this.#hold = hold
    this.#send = send
    hold.queue.onDue = seqs => this.#add(seqs)
  }

  #add(seqs: Iterable<number>): void {
    for (const seq of seqs) this.#due.push(seq)
    if (!this.#isBusy) this.#run()
  }

  readonly #run = (): void => {
    const { queue, context } = this.#hold
    this.#isBusy = true
    context.turn.wake()
    for (let count = 0; this.#done < this.#due.length; count++) {
      if (queue.deleted || waitsForDisk(context, this.#run)) return
      if (count === RELEASES_PER_TURN) {
        context.clock.after(0, this.#run)
        return
      }
      if (!this.#releaseNext()) return
    }
    this.#due = []
    this.#done = 0
    this.#isBusy = false
  }

  /** False when the message must come from disk first, or waits for room there. */
  #releaseNext(): boolean {
    const { queue, context } = this.#hold
    const { ready } = queue
    const seq = this.#due[this.#done]!
    if (!ready.find(seq)) {
      this.#done++
      return true
    }
    const bytes = context.segments.bytes(ready.segment)
    if (bytes === null) {
      this.#fetch(ready.segment)
      return false
    }
    const wire = wireOf(bytes, ready)
    if (isPersistent(ready.sized) && waitsForDisk(context, this.#run, wire.end - wire.start)) return false
    this.#done++
    this.#send(wire, () => queue.remove(seq, SETTLED.expired))
    return true
  }

  /** A message that can't be read stays where it is, and the others go on. */
  #fetch(segment: number): void {
    fetchSegment(this.#hold.context, segment, this.#run, () => {
      this.#done++
      this.#run()
    })
  }
}

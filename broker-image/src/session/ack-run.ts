/** Acknowledgements of neighbours gathered into one: most clients acknowledge many messages of one queue at a time. */
import { bodySize, isPersistent, type Message } from '../queue/message.ts'
import type { Holder } from './unacked.ts'

export class AckRun {
  #holder: Holder | null = null
  #segment = 0
  #count = 0
  #bytes = 0
  /** Neighbouring sequence numbers of the durable log. */
  #firstSeq = 0
  #seqs = 0

  /** Adds one message that is acknowledged. */
  add(holder: Holder, message: Message): void {
    if (holder !== this.#holder || message.segment !== this.#segment) {
      this.end()
      this.#holder = holder
      this.#segment = message.segment
    }
    this.#count++
    this.#bytes += bodySize(message.sized)
    if (holder.queue.remembers) holder.queue.forget(message.seq)
    if (!isPersistent(message.sized)) return
    if (message.seq !== this.#firstSeq + this.#seqs) {
      this.#endSeqs()
      this.#firstSeq = message.seq
    }
    this.#seqs++
  }

  /** Tells the queue what was gathered. */
  end(): void {
    const holder = this.#holder
    if (holder === null) return
    this.#endSeqs()
    holder.queue.acknowledged(this.#segment, this.#count, this.#bytes)
    holder.released()
    this.#holder = null
    this.#count = 0
    this.#bytes = 0
  }

  #endSeqs(): void {
    if (this.#seqs > 0) this.#holder!.queue.settleRange(this.#firstSeq, this.#seqs)
    this.#seqs = 0
  }
}

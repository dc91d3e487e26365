/** The eight bytes that open a connection [AMQP 4.2.2], in however many pieces they come. */
import { PROTOCOL_HEADER } from '../wire/frame.ts'

export class ProtocolHeader {
  #bytes = Buffer.alloc(0)

  /** Takes a chunk. Answers what follows the header, `incomplete` until it is whole, `wrong` when it is another one. */
  take(chunk: Buffer): Buffer | 'incomplete' | 'wrong' {
    const bytes = Buffer.concat([this.#bytes, chunk])
    const known = bytes.subarray(0, PROTOCOL_HEADER.length)
    if (!PROTOCOL_HEADER.subarray(0, known.length).equals(known)) return 'wrong'
    this.#bytes = bytes
    return bytes.length < PROTOCOL_HEADER.length ? 'incomplete' : bytes.subarray(PROTOCOL_HEADER.length)
  }
}

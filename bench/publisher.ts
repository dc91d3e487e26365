/** Publishes numbered messages as fast as a window allows: pre-built blocks of frames, patched in place, big writes. */
import type { Socket } from 'node:net'
import { type MessageShape, publishBytes, write32 } from './wire.ts'

const BLOCK_BYTES = 64 * 1024
const BLOCKS = 4

/** When to send more: `room()` is how many messages the window still admits, `window` how many when it is empty. */
export type Pace = { readonly room: () => number; readonly limit: number; readonly window?: number }

/**
 * What is sent in rotation. Messages of one `stream` are numbered from 0 in their order; `lane` is written into the body,
 * and tells apart the streams that meet in one queue.
 */
export type Variant = { readonly shape: MessageShape; readonly stream: number; readonly lane: number }

type Block = {
  readonly bytes: Buffer
  /** Where the body of each message starts, and its end; and the stream that numbers it. */
  readonly bodies: Uint32Array
  readonly ends: Uint32Array
  readonly streams: Uint32Array
}

export class Publisher {
  /** Messages handed to the socket so far. */
  sent = 0
  readonly #socket: Socket
  readonly #pace: Pace
  readonly #next: Uint32Array
  /** In the order of sending: writes end in that order too, so that the blocks rotate with the variants. */
  readonly #free: Block[]
  #running = false

  constructor(socket: Socket, variants: readonly Variant[], pace: Pace) {
    this.#socket = socket
    this.#pace = pace
    this.#next = new Uint32Array(Math.max(...variants.map(({ stream }) => stream)) + 1)
    this.#free = blocks(variants, pace.window ?? Number.MAX_SAFE_INTEGER)
  }

  start(): void {
    this.#running = true
    this.pump()
  }

  stop(): void {
    this.#running = false
  }

  get finished(): boolean {
    return this.sent === this.#pace.limit
  }

  /** Sends what window, limit and free blocks admit; call it again whenever one of them may have grown. */
  pump(): void {
    while (this.#running && !this.finished && this.#free.length > 0) {
      const count = Math.min(this.#free[0]!.bodies.length, this.#pace.limit - this.sent)
      if (this.#pace.room() < count) return
      this.#write(count, 0, this.#pumpAgain)
    }
  }

  readonly #pumpAgain = (): void => this.pump()

  /** Sends `count` messages now, stamped with `time`. Only for one variant and a slow pace: it takes at most one block. */
  send(count: number, time: number): void {
    const block = this.#free[0]
    if (block !== undefined) this.#write(Math.min(count, block.bodies.length), time, nothing)
  }

  #write(count: number, time: number, then: () => void): void {
    const block = this.#free.shift()!
    const { bytes, bodies, streams } = block
    for (let i = 0; i < count; i++) {
      const at = bodies[i]!
      const stream = streams[i]!
      const sequence = this.#next[stream]!
      this.#next[stream] = sequence + 1
      write32(bytes, at, sequence)
      if (time > 0) bytes.writeDoubleBE(time, at + 8)
    }
    this.sent += count
    this.#socket.write(bytes.subarray(0, block.ends[count - 1]), () => {
      this.#free.push(block)
      then()
    })
  }
}

function nothing(): void {}

/** Blocks that hold every variant equally often when all are sent; none takes more than an eighth of the window. */
function blocks(variants: readonly Variant[], window: number): Block[] {
  const built = variants.map(({ shape }) => publishBytes(shape))
  const average = built.reduce((sum, { bytes }) => sum + bytes.length, 0) / built.length
  const fitting = Math.max(1, Math.floor(Math.min(BLOCK_BYTES / average, window / 8)))
  const rounds = Math.floor(fitting / variants.length)
  const perBlock = rounds > 0 ? rounds * variants.length : fitting
  const slots = rounds > 0 ? perBlock * BLOCKS : variants.length
  const starts = Array.from({ length: Math.ceil(slots / perBlock) }, (_, i) => i * perBlock)
  return starts.map(start => block(variants, built, start, Math.min(perBlock, slots - start)))
}

type Built = ReturnType<typeof publishBytes>

/** Messages `start` to `start + count` of the rotation. */
function block(variants: readonly Variant[], built: readonly Built[], start: number, count: number): Block {
  const chosen = Array.from({ length: count }, (_, i) => (start + i) % variants.length)
  const bytes = Buffer.concat(chosen.map(index => built[index]!.bytes))
  const bodies = new Uint32Array(count)
  const ends = new Uint32Array(count)
  let at = 0
  for (const [i, index] of chosen.entries()) {
    bodies[i] = at + built[index]!.bodyAt
    write32(bytes, bodies[i]! + 4, variants[index]!.lane)
    at += built[index]!.bytes.length
    ends[i] = at
  }
  return { bytes, bodies, ends, streams: Uint32Array.from(chosen, index => variants[index]!.stream) }
}

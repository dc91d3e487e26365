/** The server's end of a socket without a port: what a connection uses of `net.Socket`, in the hands of a test. */

type Listener = (argument?: unknown) => void

/** How many clients there were, for their port numbers, is up to whoever makes sockets. */
export class TestSocket {
  readonly remoteAddress = '127.0.0.1'
  readonly remotePort: number
  readonly localAddress = '127.0.0.1'
  readonly localPort = 5672
  destroyed = false
  /** Bytes that the client has not taken. */
  writableLength = 0
  /** Called with each piece of bytes that arrives at the client, and with null when the socket closes. */
  onClientBytes: (bytes: Buffer | null) => void = () => {}
  readonly #listeners = new Map<string, Listener>()
  /** The client's bytes that wait because the server does not read. */
  #unread: Buffer[] = []
  #isPaused = false
  /** What waits because the client does not read. */
  #unsent: { bytes: Buffer; done: () => void }[] = []
  #isStalled = false
  #endsSoon = false

  constructor(remotePort: number) {
    this.remotePort = remotePort
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  on(event: string, listener: Listener): this {
    this.#listeners.set(event, listener)
    return this
  }

  write(bytes: Buffer, done: () => void): boolean {
    this.writableLength += bytes.length
    this.#unsent.push({ bytes, done })
    this.#send()
    return true
  }

  pause(): this {
    this.#isPaused = true
    return this
  }

  resume(): this {
    this.#isPaused = false
    while (!this.#isPaused && this.#unread.length > 0) this.#read(this.#unread.shift()!)
    return this
  }

  destroySoon(): void {
    this.#endsSoon = true
    this.#send()
  }

  destroy(): this {
    if (this.destroyed) return this
    this.destroyed = true
    queueMicrotask(() => {
      this.#emit('close')
      this.onClientBytes(null)
    })
    return this
  }

  /** Bytes from the client. They are spoilt once the server has had them: it must not keep them. */
  fromClient(bytes: Buffer): void {
    const own = Buffer.from(bytes)
    if (this.#isPaused) this.#unread.push(own)
    else this.#read(own)
  }

  /** The client goes away. */
  endFromClient(): void {
    this.#emit('end')
    this.destroy()
  }

  /** The client stops reading, or reads on. */
  set isStalled(stalled: boolean) {
    this.#isStalled = stalled
    this.#send()
  }

  #read(bytes: Buffer): void {
    if (this.destroyed) return
    this.#emit('data', bytes)
    bytes.fill(0xee)
  }

  #send(): void {
    while (!this.#isStalled && this.#unsent.length > 0) {
      const { bytes, done } = this.#unsent.shift()!
      this.writableLength -= bytes.length
      this.onClientBytes(Buffer.from(bytes))
      queueMicrotask(done)
    }
    if (this.#endsSoon && this.#unsent.length === 0) this.destroy()
  }

  #emit(event: string, argument?: unknown): void {
    this.#listeners.get(event)?.(argument)
  }
}

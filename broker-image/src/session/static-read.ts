/**
 * Reads a socket into one buffer that all connections of an event loop share, instead of a new one for each chunk.
 *
 * Node offers this (`onread`) only to sockets that connect. An accepted socket has the same handle inside, so a second
 * socket is made around it. This leans on `_handle`, which Node does not document: the test beside this file fails if
 * a release of Node takes it away, and a socket without it is read in the usual way.
 */
import { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { READ_BUFFER_BYTES } from '../limits.ts'

/** The buffer; what a chunk holds is good only until its reader returns. */
export class ReadBuffer {
  readonly bytes = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES)
}

type WithHandle = { _handle?: { reading: boolean; readStop(): void } | null }

/**
 * A paused socket in place of `accepted`, which must be paused too; `resume` starts the reads. Where nothing can be put
 * in its place, `accepted` itself, whose bytes come as `data` events.
 */
export function readInto(accepted: Socket, shared: ReadBuffer, onChunk: (chunk: Buffer) => void): Socket {
  const handle = (accepted as unknown as WithHandle)._handle
  if (handle === null || handle === undefined) return accepted
  ;(accepted as unknown as WithHandle)._handle = null
  accepted.destroy()
  if (handle.reading) handle.readStop()
  handle.reading = false
  const callback = (length: number, buffer: Uint8Array): boolean => {
    onChunk((buffer as Buffer).subarray(0, length))
    return true
  }
  const socket = new Socket({ handle, onread: { buffer: shared.bytes, callback } } as never)
  socket.setNoDelay(true)
  return socket
}

/** What Node sets in the constructor of a socket with `onread`, by the description of its symbols. */
type Fields = { [name: string]: symbol | undefined }

/**
 * Reads a TLS socket into the shared buffer, which Node offers only to sockets that are made with `onread`, and those
 * of a TLS server are not. So its three fields are set later. Where they are not to be found, bytes come as `data`.
 */
export function readTlsInto(socket: TLSSocket, shared: ReadBuffer, onChunk: (chunk: Buffer) => void): void {
  const { kBuffer, kBufferCb, kBufferGen } = fieldsOf(socket)
  const handle = (socket as unknown as { _handle?: { useUserBuffer?(buffer: Buffer): void } | null })._handle
  if (!kBuffer || !kBufferCb || !kBufferGen || handle?.useUserBuffer === undefined) return
  const callback = (length: number, buffer: Uint8Array): boolean => {
    onChunk((buffer as Buffer).subarray(0, length))
    return true
  }
  Object.assign(socket, { [kBuffer]: shared.bytes, [kBufferCb]: callback, [kBufferGen]: null })
  handle.useUserBuffer(shared.bytes)
}

function fieldsOf(socket: Socket): Fields {
  return Object.fromEntries(Object.getOwnPropertySymbols(socket).map(symbol => [symbol.description, symbol]))
}

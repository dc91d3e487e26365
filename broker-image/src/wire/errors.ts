/** The reply codes of AMQP 0-9-1 and the two errors that carry them to a client [AMQP 1.5.2.1]. */

/** Reply codes by RabbitMQ's names. Soft errors close a channel, hard errors a connection. */
const REPLY_CODES = {
  CONTENT_TOO_LARGE: { code: 311, scope: 'channel' },
  NO_ROUTE: { code: 312, scope: 'channel' },
  NO_CONSUMERS: { code: 313, scope: 'channel' },
  ACCESS_REFUSED: { code: 403, scope: 'channel' },
  NOT_FOUND: { code: 404, scope: 'channel' },
  RESOURCE_LOCKED: { code: 405, scope: 'channel' },
  PRECONDITION_FAILED: { code: 406, scope: 'channel' },
  CONNECTION_FORCED: { code: 320, scope: 'connection' },
  INVALID_PATH: { code: 402, scope: 'connection' },
  FRAME_ERROR: { code: 501, scope: 'connection' },
  SYNTAX_ERROR: { code: 502, scope: 'connection' },
  COMMAND_INVALID: { code: 503, scope: 'connection' },
  CHANNEL_ERROR: { code: 504, scope: 'connection' },
  UNEXPECTED_FRAME: { code: 505, scope: 'connection' },
  RESOURCE_ERROR: { code: 506, scope: 'connection' },
  NOT_ALLOWED: { code: 530, scope: 'connection' },
  NOT_IMPLEMENTED: { code: 540, scope: 'connection' },
  INTERNAL_ERROR: { code: 541, scope: 'connection' },
} as const

export type ReplyName = keyof typeof REPLY_CODES
type ReplyNameOf<Scope> = { [N in ReplyName]: (typeof REPLY_CODES)[N]['scope'] extends Scope ? N : never }[ReplyName]

/** Closes the channel that caused it; the connection lives on. The text reaches the client as `NAME - detail`. */
export class ChannelError extends Error {
  readonly replyName: ReplyName
  readonly code: number
  constructor(replyName: ReplyNameOf<'channel'>, detail: string) {
    super(`${replyName} - ${detail}`)
    this.replyName = replyName
    this.code = REPLY_CODES[replyName].code
  }
}

/** Closes the whole connection. Any reply name may be raised this far. */
export class ConnectionError extends Error {
  readonly replyName: ReplyName
  readonly code: number
  constructor(replyName: ReplyName, detail: string) {
    super(`${replyName} - ${detail}`)
    this.replyName = replyName
    this.code = REPLY_CODES[replyName].code
  }
}

const REPLY_TEXT_BYTES_MAX = 255

/** An error's text as a reply text: one that exceeds a short string ends in `...`, as RabbitMQ cuts it. */
export function replyText(text: string): string {
  if (Buffer.byteLength(text) <= REPLY_TEXT_BYTES_MAX) return text
  let end = REPLY_TEXT_BYTES_MAX - 3
  const bytes = Buffer.from(text)
  while ((bytes[end]! & 0xc0) === 0x80) end--
  return `${bytes.toString('utf8', 0, end)}...`
}

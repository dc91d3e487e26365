/** What we say when we close a channel or a connection [AMQP 1.4.2.10, 1.5.2.5]. */
import { methodId } from '../wire/codec.ts'
import { type ChannelError, type ConnectionError, replyText } from '../wire/errors.ts'
import type { MethodArgs } from '../wire/methods.ts'

/** `method` is class and method of what the client sent as one number; 0 = no method, or none of ours to name. */
export function closeArgs(
  error: ChannelError | ConnectionError,
  method: number,
): MethodArgs<'connection.close'> & MethodArgs<'channel.close'> {
  const isKnown = method !== 0 && method !== methodId('connection.close') && !isOneTooMany(error, method)
  return {
    replyCode: error.code,
    replyText: replyText(error.message),
    classId: isKnown ? method >>> 16 : 0,
    methodId: isKnown ? method & 0xffff : 0,
  }
}

/** RabbitMQ counts channels before it looks at what is said on them. */
function isOneTooMany(error: ChannelError | ConnectionError, method: number): boolean {
  return method === methodId('channel.open') && error.replyName === 'NOT_ALLOWED'
}

/** What handles the methods of one class on a channel. */
import type { MethodArgs, MethodName } from '../../wire/methods.ts'
import type { Channel } from '../channel.ts'

/** Handles one method. Raises `ChannelError` or `ConnectionError`, which the connection turns into a close. */
export type Handler<N extends MethodName> = (channel: Channel, args: MethodArgs<N>) => void

/** Handlers of all the methods whose names begin with the class and that a client may send. */
export type Handlers<N extends MethodName> = { readonly [M in N]: Handler<M> }

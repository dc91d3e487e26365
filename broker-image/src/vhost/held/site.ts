/** What exchanges that keep messages need of their virtual host and node. */
import type { QueueContext } from '../../queue/context.ts'
import type { Arrival, Intake } from '../../queue/intake.ts'
import type { Queue } from '../../queue/queue.ts'
import type { Keeper, RoutedMessage } from '../../routing/exchange.ts'

export interface HoldingContext extends QueueContext {
  readonly intake: Intake
  /** A whole number from 0 to below `count`, each as likely as the others. */
  readonly randomBelow: (count: number) => number
}

export interface HoldingSite {
  readonly context: HoldingContext
  /** The queues of a message that is at this exchange now; none when the exchange is gone. */
  route(exchange: string, message: RoutedMessage): readonly Queue[]
}

/** A keeper with its way to keep. */
export interface Holder extends Keeper {
  /** Keeps what it wants of a message. Answers the batch of the log that must be stable before its publisher may hear. */
  keep(arrival: Arrival, message: RoutedMessage): number
}

/** What an exchange does with messages besides routing them. */
export interface Layer extends Holder {
  /** Whether a message goes on to the bindings now. The layer enters itself with the message's keepers if it is one. */
  admits(message: RoutedMessage): boolean
}

/** What an exchange keeps stands in a queue that nobody else sees. */
export interface Hold {
  readonly queue: Queue
  readonly context: HoldingContext
}

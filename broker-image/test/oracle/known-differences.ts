/** Where Warren differs from RabbitMQ 3.10: a reason, and the probes that show it. `docs/compatibility.md` has them as well. */
interface KnownDifference {
  readonly reason: string
  /** By subject: the names of probes. */
  readonly probes: { readonly [subject: string]: readonly string[] }
}

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    reason: 'The same refusal in other words.',
    probes: {
      arguments: [
        'x-dead-letter-exchange 1',
        'x-dead-letter-exchange true',
        'x-queue-version 3',
        'x-delivery-limit -1',
      ],
      exchanges: ['an empty type', 'both are missing'],
      routing: ['headers: an x-match of a number is 406'],
      connections: [
        'a wrong password',
        'a method of the connection on a channel',
        'a method of a channel on channel 0',
        'a method that only a server sends',
      ],
      management: [
        'a queue with a bad body is 400',
        'a publish without a payload is 400',
        'a policy with an unknown key is 400',
        'a policy with a bad pattern is 400',
        'a policy for nonsense is 400',
        'a policy without a pattern is 400',
        "an operator policy with a user's key is 400",
        'a user without tags',
        'permissions of a missing user',
        'permissions',
        'a list in pages',
        'definitions are brought in',
        'who may what: the tag monitoring',
      ],
    },
  },
  {
    reason:
      'A place for its leader may be named for every queue, and what consumers say of streams and mirrors is unknown.',
    probes: {
      arguments: [
        'x-queue-leader-locator "client-local"',
        "a consumer's x-stream-offset on a classic queue",
        "a consumer's x-cancel-on-ha-failover of text",
      ],
    },
  },
  {
    reason: 'A delivery limit and a dead-letter strategy are served on every queue.',
    probes: { arguments: ['x-delivery-limit 5', 'x-dead-letter-strategy "at-least-once"'] },
  },
  {
    reason: 'A dead-letter routing key that fits no frame is refused.',
    probes: { arguments: ['x-dead-letter-routing-key of 256 bytes'] },
  },
  {
    reason:
      'A quorum queue can also be deleted if unused or empty, have an exclusive consumer, and a prefetch of the channel.',
    probes: {
      quorum: [
        'if-unused and if-empty of a quorum queue',
        'if-empty of a quorum queue',
        'an exclusive consumer of a quorum queue',
        'a global prefetch on a quorum queue',
      ],
    },
  },
  {
    reason: 'What waits for its dead-letter queue counts to the limits of its own at once.',
    probes: { quorum: ['at-least-once: what waits counts to the limit'] },
  },
  {
    reason: "A virtual host's default type of queue is given to durable queues that say none.",
    probes: { quorum: ["a virtual host's default type of queue"] },
  },
  {
    reason: 'RabbitMQ fails inside, where Warren answers.',
    probes: {
      arguments: ['x-queue-master-locator "foo"', 'x-queue-master-locator 1'],
      management: ['a get with an unknown ackmode'],
      policies: ['max-age "x"', 'max-age 1'],
      hashes: ["a header's name that is a number", "a property's name that is a number"],
    },
  },
  {
    reason: 'Warren says what was wrong before it closes the connection, where RabbitMQ only closes.',
    probes: {
      connections: [
        'an unknown method',
        'an unknown class',
        'a frame-max that is too small',
        'a mechanism that needs TLS, without it',
        'a mechanism that nobody knows',
        'a response that PLAIN does not allow',
      ],
    },
  },
  {
    reason: 'No limit (0) in tune-ok means the limit that was offered; RabbitMQ closes the connection.',
    probes: { connections: ['no frame-max where the broker has one', 'no channel-max where the broker has one'] },
  },
  {
    reason: 'Only AMQP 0-9-1 is spoken; RabbitMQ takes the headers of older versions for it.',
    probes: { connections: ['another version is answered with ours'] },
  },
  {
    reason: "A passive declaration without a name means the channel's last queue, as AMQP has it.",
    probes: { queues: ['an empty name is given one by the broker'] },
  },
  {
    reason: 'A message expires at its time wherever it stands in its queue.',
    probes: {
      lifetimes: ['expiry behind a live head'],
      priorities: ['expiry of a low one behind a high one'],
    },
  },
  {
    reason: 'A full queue with priorities drops the lowest first.',
    probes: { priorities: ['a full queue with priorities'] },
  },
  {
    reason: 'A publish over HTTP that lacks the permission is 401, like every other request.',
    probes: { management: ['permissions hold over HTTP as well'] },
  },
  {
    reason: "A policy's priority is a whole number, which may be written as text.",
    probes: { policies: ['priority "5"', 'priority 1.5'] },
  },
  {
    reason: "The management API's hashes of bindings' arguments are longer.",
    probes: { management: ['a binding with arguments has a key of its own'] },
  },
  {
    reason:
      'A recent history holds what was committed, in order; an exchange that gets bound may have no queue for it.',
    probes: {
      'recent-history': [
        'an exchange that is bound routes the history',
        'an exchange that is bound and finds no queue for the history',
        'a publish that is rolled back',
      ],
    },
  },
  {
    reason: "A virtual host's default type of queue is named.",
    probes: { management: ['a virtual host'] },
  },
  {
    reason: 'The firehose is not told of `BCC`, and names the queues that there are.',
    probes: { firehose: ['a message with BCC tells the firehose where it went'] },
  },
  {
    reason: 'A password hash of an unknown algorithm is refused.',
    probes: { users: ["a hash of nobody's algorithm"] },
  },
  {
    reason: 'The next single active consumer of a quorum queue is the one of highest priority, too.',
    probes: { quorum: ['a single active consumer of a quorum queue goes: the next'] },
  },
]

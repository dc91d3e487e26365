/** Every bound of the broker in one place. A test reaches each of them. */

/** Largest frame payload plus its eight bytes of framing that we offer and accept (RabbitMQ's default). */
export const FRAME_BYTES_MAX = 131_072
/** Smallest frame size that both peers must be able to take [AMQP 4.2.3]. */
export const FRAME_BYTES_MIN = 4_096
/** Channels on one connection (RabbitMQ's default). */
export const CHANNELS_MAX = 2_047
/** Largest message body (RabbitMQ 3.13's `max_message_size`). */
export const MESSAGE_BYTES_MAX = 134_217_728
/** Seconds between heartbeats that we propose. */
export const HEARTBEAT_SECONDS = 60
/** Time for a peer to get from the protocol header to `connection.open`. */
export const HANDSHAKE_MS_MAX = 10_000
/** Header of the PROXY protocol, extensions included. */
export const PROXY_HEADER_BYTES_MAX = 4_096
/** Time between two looks at certificate files for a change. */
export const CERTIFICATE_POLL_MS = 10_000
/** Failed logins that an address may have at once before its logins are refused unseen, and those it is forgiven. */
export const LOGIN_FAILURES_MAX = 100
export const LOGIN_FAILURES_FORGIVEN_PER_SECOND = 2
/** Addresses whose failed logins are remembered; the one that failed longest ago is forgotten first. */
export const LOGIN_SOURCES_MAX = 10_000
/** Connections on one node. */
export const CONNECTIONS_MAX = 65_536

/** One connection's outbox buffer: deliveries of one turn of the event loop gather here. */
export const OUTBOX_BYTES = 262_144
/** Unsent bytes above which a connection is not fed with deliveries until its socket drains. */
export const UNSENT_BYTES_HIGH = 524_288
/** Bytes read from a socket at once. */
export const READ_BUFFER_BYTES = 262_144

/** Deliveries of one channel that wait for a settlement. A consumer without a prefetch is held here. */
export const UNACKED_MAX = 1_048_576
/** Names of queues, exchanges, consumers: a short string [AMQP 4.2.5.3]. */
export const NAME_BYTES_MAX = 255
/** Answers of one channel that may wait for a definition to become durable before its connection is not read from. */
export const HELD_REPLIES_MAX = 1_024
/** Time that a client has to answer our `connection.close`. */
export const CLOSE_MS_MAX = 5_000
/** Unsent bytes above which a connection is not read from either, and is sent no direct replies. */
export const UNSENT_BYTES_MAX = 16_777_216
/** Bytes appended to the log and not yet on disk above which publishers are not read from. */
export const UNSTABLE_BYTES_MAX = 67_108_864
/** Bytes and messages of the publishes of one transaction; a message of any size that is taken fits. */
export const TX_BYTES_MAX = 268_435_456
export const TX_MESSAGES_MAX = 262_144
/** Time in which a delivery must be settled (RabbitMQ's default `consumer_timeout`). */
export const CONSUMER_TIMEOUT_MS = 1_800_000
/** Nesting of field tables that we decode. */
export const TABLE_DEPTH_MAX = 64
/** Nesting of JSON that we take: of definitions with such tables in them, and of values that nobody here looks at. */
export const JSON_DEPTH_MAX = 128

/** Size of a log segment, in memory and on disk alike. */
export const SEGMENT_BYTES = 16_777_216
/** Zero-filled segment files that wait for their next use. */
export const SEGMENTS_SPARE_MAX = 8
/** Segments whose bytes are held in memory; older ones are read back from disk when a queue reaches them. */
export const SEGMENTS_RESIDENT_MAX = 32
/** Segments held in memory however little of it there is. */
export const SEGMENTS_RESIDENT_MIN = 4
/** Size of a segment of the log of definitions, which is written little. */
export const META_SEGMENT_BYTES = 1_048_576
/** Entries that the cleaner looks at in one turn: one for so many bytes of a segment's size (8,192). */
export const CLEANER_ENTRY_PART = 2_048
/** Part of a segment that the cleaner appends again in one turn (256 KiB): one in so many. */
export const CLEANER_MOVED_PART = 64
/** Time in which the cleaner watches segments that it may clean: those that empty by themselves are left to do so. */
export const CLEANER_PATIENCE_MS = 100
/** Segments that are cleaned together, so that what moves comes to lie close together. */
export const CLEANER_SEGMENTS_MAX = 32
/** Times as much, when there is much to clean. */
export const CLEANER_HASTE_MAX = 8
/** Bytes on their way to the disk above which the cleaner waits. */
export const CLEANER_UNSTABLE_BYTES_MAX = 33_554_432
/** Dead segments that may wait for a checkpoint before one is written. */
export const SEGMENTS_UNCHECKPOINTED_MAX = 1
/** Times as many bytes are dead as the last checkpoint had, before another one is written: it holds up the broker by its size. */
export const CHECKPOINT_DEAD_TIMES = 4
/** Time between two looks at a log that keeps more on disk than it needs at rest. */
export const LOG_TIDY_MS = 2_000
/** Entries that a log at rest gets between two looks, at most. */
export const LOG_REST_ENTRIES_MAX = 1_000
/** Zero-filled segment files that are made ready before they are needed. */
export const SEGMENTS_AHEAD = 2
/** Part of the usual size that a small segment has, for a full disk (1 MiB): one in so many. */
export const SEGMENT_SMALL_PART = 16
/** Zero-filled small files that are ready at all times, and those of them that take settlements alone. */
export const SEGMENTS_SMALL_AHEAD = 8
export const SEGMENTS_SMALL_KEPT = 4
/** Bytes appended for which no file is ready above which publishers are not read from: half of a small file. */
export const UNPLACED_BYTES_MAX = 524_288
/** Memory images of segments that wait for their next use. */
export const SEGMENT_BUFFERS_SPARE_MAX = 4
/** Queues that one enqueue entry names; a message for more is appended more than once. */
export const ENTRY_TARGETS_MAX = 65_535

/** Pauses after a segment could not be read back from disk: the first, doubled each time, and the longest. */
export const READ_RETRY_MS_MIN = 100
export const READ_RETRY_MS_MAX = 30_000
/** Attempts to read a segment back before somebody who waits for an answer gets another one. */
export const READ_ATTEMPTS_MAX = 4

/** Routes remembered by a virtual host. */
export const ROUTES_CACHED_MAX = 65_536
/** Longest time to live that a client may ask for: ten years, as RabbitMQ has it. */
export const TTL_MS_MAX = 315_360_000_000

/** Body of one request to the management API (RabbitMQ's default for definitions). */
export const HTTP_BODY_BYTES_MAX = 20_000_000
/** Time for a client of the management API to send one request. */
export const HTTP_REQUEST_MS_MAX = 60_000
/** Rows of one page of a list [RabbitMQ management API]. */
export const HTTP_PAGE_ROWS_MAX = 500
/** Messages that one `get` over HTTP takes. */
export const HTTP_GET_MESSAGES_MAX = 1_000
/** Characters of payloads after which a `get` over HTTP takes no more, though more was asked for. */
export const HTTP_GET_BYTES_MAX = 33_554_432

/** Wait at the start for a broker that still has the data folder and is on its way out. */
export const FOLDER_LOCK_MS_MAX = 3_000
/** Time for clients to read what they were told last, at the end of the process. */
export const FAREWELL_MS_MAX = 1_000

/** Bytes of what the broker itself publishes in one turn (events, log, traces); what is more is dropped. */
export const REPORT_BYTES_MAX = 64 * 1024 * 1024

/** What a user's pattern may be: its text, groups in groups, and instructions once its counts are written out. */
export const PATTERN_CHARACTERS_MAX = 65_536
export const PATTERN_DEPTH_MAX = 250
export const PATTERN_INSTRUCTIONS_MAX = 10_000
/** Steps after which a pattern has not matched: a few milliseconds (PCRE's `match_limit` is 10 million). */
export const PATTERN_STEPS_MAX = 200_000

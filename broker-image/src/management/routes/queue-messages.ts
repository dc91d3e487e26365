/** Messages of a queue over HTTP: taken for a look or for good, and purged. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { JsonObject } from '../../definitions/json-values.ts'
import { HTTP_GET_BYTES_MAX, HTTP_GET_MESSAGES_MAX } from '../../limits.ts'
import { isRedelivered, type Message, positionOf } from '../../queue/message.ts'
import type { Queue } from '../../queue/queue.ts'
import { gotWire } from '../../vhost/delivered-wire.ts'
import { requirePermission, userOf } from '../authorization.ts'
import { answerStable, bodyOf, type ManagementContext, vhostOf } from '../context.ts'
import { badRequest } from '../http-error.ts'
import { messageJson, type PayloadOptions } from '../message-json.ts'
import { channelOverHttp } from '../traced.ts'
import { queueOf } from './queues.ts'

const ACK_MODES = ['ack_requeue_true', 'ack_requeue_false', 'reject_requeue_true', 'reject_requeue_false'] as const
type AckMode = (typeof ACK_MODES)[number]

interface GetOptions extends PayloadOptions {
  count: number
  ackMode: AckMode
}

type OnTaken = (segmentBytes: Buffer, message: Message) => void

type MessageJson = ReturnType<typeof messageJson> & { message_count: number }

export function queueMessageRoutes(app: FastifyInstance, context: ManagementContext): void {
  app.delete('/api/queues/:vhost/:queue/contents', (request, reply) => {
    readable(context, request).purge()
    return answerStable(context, reply, 204)
  })
  app.post('/api/queues/:vhost/:queue/get', async (request, reply) => {
    const queue = readable(context, request)
    const { trace } = vhostOf(context, request).traffic
    const channel = channelOverHttp(userOf(request))
    const onTaken: OnTaken = (bytes, message) =>
      trace?.delivered(gotWire(bytes, message, queue), queue, isRedelivered(message.sized), channel)
    return reply.send(await getMessages(queue, optionsFrom(bodyOf(request)), onTaken))
  })
}

function readable(context: ManagementContext, request: FastifyRequest): Queue {
  const queue = queueOf(context, request)
  requirePermission(context.broker, request, 'read', queue.name)
  return queue
}

/** Holds what is not acknowledged until all have been taken, so that none is shown twice. */
async function getMessages(queue: Queue, options: GetOptions, onTaken: OnTaken): Promise<MessageJson[]> {
  const held: Message[] = []
  const messages: MessageJson[] = []
  let bytes = 0
  try {
    while (messages.length < options.count && bytes < HTTP_GET_BYTES_MAX) {
      const message = await getOne(queue, options, { held, onTaken })
      if (message === null) break
      messages.push(message)
      bytes += message.payload.length
    }
  } finally {
    for (const message of held) {
      queue.aside.delete(message.seq)
      if (options.ackMode === 'reject_requeue_false') queue.discard(message)
      else queue.requeue(message)
    }
  }
  return messages
}

function getOne(
  queue: Queue,
  options: GetOptions,
  { held, onTaken }: { held: Message[]; onTaken: OnTaken },
): Promise<MessageJson | null> {
  const noAck = options.ackMode === 'ack_requeue_false'
  return new Promise(resolve => {
    queue.get(noAck, (bytes, message) => {
      if (bytes === null) return resolve(null)
      onTaken(bytes, message)
      if (!noAck) {
        const position = positionOf(message)
        held.push(position)
        queue.aside.add(position)
      }
      resolve({ ...messageJson(bytes, message, queue, options), message_count: queue.messagesReady })
    })
  })
}

function optionsFrom(json: JsonObject): GetOptions {
  const missing = ['ackmode', 'count', 'encoding'].filter(key => json[key] === undefined)
  if (missing.length > 0) throw badRequest(`[${missing.map(key => `{key_missing,${key}}`).join(',')}]`)
  const ackMode = json['ackmode']
  if (!isAckMode(ackMode)) throw badRequest(`ackmode should be one of ${ACK_MODES.join(', ')}`)
  const encoding = json['encoding']
  if (encoding !== 'auto' && encoding !== 'base64') {
    throw badRequest('Unsupported encoding. Please use auto or base64.')
  }
  const count = countFrom(json, 'count', 0)
  if (count > HTTP_GET_MESSAGES_MAX) throw badRequest(`count should be at most ${HTTP_GET_MESSAGES_MAX}`)
  return { count, ackMode, encoding, truncate: countFrom(json, 'truncate', Number.MAX_SAFE_INTEGER) }
}

function isAckMode(value: unknown): value is AckMode {
  return ACK_MODES.some(mode => mode === value)
}

function countFrom(json: JsonObject, field: string, fallback: number): number {
  const value = Number(json[field] ?? fallback)
  if (!Number.isSafeInteger(value) || value < 0) throw badRequest(`${field} should be a whole number`)
  return value
}

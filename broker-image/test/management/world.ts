/** A real broker in this process, on a folder of its own, and requests to its management API. */

import { randomInt } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { Alarms } from '../../src/alarms.ts'
import { Broker } from '../../src/broker.ts'
import { systemClock } from '../../src/clock.ts'
import { loadConfig } from '../../src/config/config.ts'
import { fileDisk } from '../../src/log/file-disk.ts'
import { createManagementServer } from '../../src/management/server.ts'
import { openPort } from '../../src/open-port.ts'
import { createAmqpListener } from '../../src/session/listener.ts'

type Json = ReturnType<typeof JSON.parse>

export interface Answer {
  status: number
  headers: { readonly [name: string]: unknown }
  /** The JSON of the body, or its text where it is none. */
  body: Json
}

export interface World {
  broker: Broker
  app: FastifyInstance
  amqpPort: number
  /** Errors of ours that requests ran into. */
  errors: Error[]
  /** `GET /api…` as the default user, or as `user` (whose password is the name). */
  request(method: string, path: string, body?: unknown, user?: string): Promise<Answer>
  close(): Promise<void>
}

const MEGABYTE = 1_000_000

/** Starts a broker with the default user guest and a management server that does not listen. */
export async function startWorld(): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), 'warren-management-'))
  const argv = ['--data-dir', directory, '--amqp-port', '0', '--node-name', 'warren@test', '--host', '127.0.0.1']
  const config = loadConfig({ argv, env: {}, readFile: () => '' })
  const clock = systemClock()
  const size = (): number => 1_000 * MEGABYTE
  const resources = { memoryUsed: () => 0, memoryTotal: size, diskFree: size, diskTotal: size }
  const broker = new Broker({
    config,
    clock,
    log: pino({ level: 'silent' }),
    disk: name => {
      mkdirSync(join(directory, name), { recursive: true })
      return fileDisk(join(directory, name))
    },
    version: '0.0.0',
    alarms: new Alarms(config, clock, resources),
    randomBelow: count => randomInt(count),
    onFatal: error => {
      throw error
    },
  })
  const errors: Error[] = []
  const app = createManagementServer({ broker, clock, onError: error => errors.push(error) })
  const listener = createAmqpListener(broker)
  const address = await openPort(listener.server, { host: '127.0.0.1', port: 0 })
  broker.listening = [{ protocol: 'amqp', address: address.address, port: address.port }]
  broker.isReady = true
  return {
    broker,
    app,
    amqpPort: address.port,
    errors,
    request: (method, path, body, user = 'guest') => send(app, { method, path, body, user }),
    close: async () => {
      const gone = listener.close()
      await broker.close()
      await gone
      await app.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

interface Call {
  method: string
  path: string
  body: unknown
  user: string
}

async function send(app: FastifyInstance, { method, path, body, user }: Call): Promise<Answer> {
  const response = await app.inject({
    method: method as 'GET',
    url: path,
    headers: { authorization: `Basic ${Buffer.from(`${user}:${user}`).toString('base64')}` },
    ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  return { status: response.statusCode, headers: response.headers, body: jsonOrText(response.body) }
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

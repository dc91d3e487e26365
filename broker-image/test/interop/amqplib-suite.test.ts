/**
 * amqplib's own tests, unchanged from its package: the files of them that talk to a server. Mocha's words (`suite`,
 * `test`, `setup`, `teardown`, callbacks named done) are given by vitest. A few of the tests name no port and mean 5672:
 * those connections are led to the broker of this file.
 */
import { createRequire } from 'node:module'
import net from 'node:net'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startBroker, temporaryFolder } from './broker-process.ts'

const FILES = ['connect', 'channel_api', 'callback_api']
const AMQP_PORT = 5672

type Done = (error?: unknown) => void
type Body = (done: Done) => unknown

const folder = temporaryFolder()
const broker = process.env['BROKER_AMQP_URL'] === undefined ? await startBroker(folder.path) : undefined
const url = broker?.amqpUrl ?? process.env['BROKER_AMQP_URL']!

/** Some tests leave their connections open, as Mocha's --exit lets them: these end unheard. */
const sockets: net.Socket[] = []

afterAll(async () => {
  for (const socket of sockets)
    socket
      .removeAllListeners()
      .on('error', () => {})
      .destroy()
  await broker?.kill()
  folder.remove()
})

/** Mocha's rule: a body with a parameter is over when it calls it, any other when its promise is. */
function promised(body: Body): () => Promise<unknown> {
  if (body.length === 0) return async () => await body(() => {})
  return () =>
    new Promise<void>((resolve, reject) => {
      body(error => {
        if (error) reject(error instanceof Error ? error : new Error(String(error)))
        else resolve()
      })
    })
}

function redirected(connect: typeof net.connect, port: number): typeof net.connect {
  return ((options: net.TcpNetConnectOpts, ...rest: []) => {
    const socket = connect(options.port === AMQP_PORT ? { ...options, port } : options, ...rest)
    sockets.push(socket)
    return socket
  }) as typeof net.connect
}

process.env['URL'] = url
net.connect = redirected(net.connect, Number(new URL(url).port))
Object.assign(globalThis, {
  suite: describe,
  test: (name: string, body: Body) => test(name, promised(body)),
  setup: (body: Body) => beforeEach(promised(body)),
  teardown: (body: Body) => afterEach(promised(body)),
})

const require = createRequire(import.meta.url)
for (const file of FILES) {
  describe(file, () => {
    require(`amqplib/test/${file}.js`)
  })
}

test('the suite is there', () => {
  expect(Object.keys(require.cache).filter(name => name.includes('amqplib/test/'))).toHaveLength(FILES.length + 1)
})

/** The table follows the state, and flags and ports say what is wrong with them. */

import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { queueOf } from '../../test/samples.ts'
import { FlagError, parseFlags } from './flags.ts'
import { assertPortsFree, PortPlan } from './ports.ts'
import { Screen } from './screen.ts'
import { LocalStore } from './store.ts'
import { changedLines, type Row, rowsOf, tableLines } from './table.ts'

const ready = (status: string) => ({
  messages: 3,
  consumers: 1,
  conditions: [{ type: 'Ready', status, reason: 'ClusterNotReady', message: 'BrokerCluster "orders" is not Ready' }],
})

async function storeWith(status: string): Promise<LocalStore> {
  const store = new LocalStore(() => 0)
  const queue = store.put(queueOf())
  await store.objects.applyStatus({ ...queue, status: ready(status) })
  return store
}

test('a row says why it is not Ready, and nothing when it is', async () => {
  const lines = async (status: string) => tableLines(rowsOf((await storeWith(status)).cached), 80)
  expect(await lines('False')).toEqual([
    'KIND   NAME      READY  MESSAGES  CONSUMERS',
    'Queue  invoices  False  3         1          ClusterNotReady: BrokerCluster "ord',
  ])
  expect((await lines('True'))[1]).toBe('Queue  invoices  True   3         1')
})

test('only changed rows make lines', async () => {
  const rows = rowsOf((await storeWith('True')).cached)
  expect(changedLines([], rows)).toEqual(['Queue/invoices is Ready, 3 messages, 1 consumers'])
  expect(changedLines(rows, rows)).toEqual([])
  expect(changedLines(rows, [] as Row[])).toEqual(['Queue/invoices is gone'])
})

test('two objects of one name in two namespaces have rows of their own', async () => {
  const store = await storeWith('True')
  const queue = queueOf()
  store.put({ ...queue, metadata: { ...queue.metadata, namespace: 'billing' } })
  const rows = rowsOf(store.cached)
  expect(rows.map(row => row.name)).toEqual(['invoices', 'billing/invoices'])
  expect(changedLines(rows, rows)).toEqual([])
})

test('a terminal is drawn over, a file gets lines of change', async () => {
  const store = await storeWith('True')
  for (const isTTY of [true, false]) {
    let text = ''
    const screen = new Screen({ isTTY, columns: 80, write: part => (text += part) }, store.cached)
    screen.update()
    screen.say('hello')
    expect(text.includes('\u001b[')).toBe(isTTY)
    expect(text).toContain(isTTY ? 'Queue  invoices' : 'Queue/invoices is Ready')
    expect(text).toContain('hello\n')
  }
})

test('a table is never higher than the terminal', () => {
  const store = new LocalStore(() => 0)
  for (let n = 0; n < 30; n++) store.put(queueOf({}, `q${n}`))
  let text = ''
  const screen = new Screen({ isTTY: true, columns: 80, rows: 10, write: part => (text += part) }, store.cached)
  screen.update()
  expect(text.split('\n')).toHaveLength(10)
  expect(text).toContain('… and 24 more\n')
})

test('flags win over the environment, and nonsense is refused', () => {
  const defaults = parseFlags([], { AMQP_PORT: '7000' })
  expect(defaults).toMatchObject({ manifest: 'examples/orders.yaml', amqpPort: 7000, managementPort: 15672 })
  expect(parseFlags(['m.yaml', '--amqp-port', '8000'], { AMQP_PORT: '7000' })).toMatchObject({
    manifest: 'm.yaml',
    amqpPort: 8000,
  })
  expect(parseFlags(['--help'], {})).toBe('help')
  for (const argv of [['--amqp-port', 'x'], ['--nonsense'], ['a', 'b'], ['--amqp-port', '15672']]) {
    expect(() => parseFlags(argv, {})).toThrow(FlagError)
  }
})

test('a port in use is named, with the flag that chooses another', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const address = { host: '127.0.0.1', amqpPort: port, managementPort: port }
  await expect(assertPortsFree(address)).rejects.toThrow(`port ${port} is in use: stop the program`)
  server.close()
  await once(server, 'close')
  await assertPortsFree(address)
})

test('each cluster has ports of its own, the same each time', () => {
  const plan = new PortPlan({ host: '127.0.0.1', amqpPort: 5672, managementPort: 15672 })
  expect(plan.addressOf('default', 'a').amqpPort).toBe(5672)
  expect(plan.addressOf('default', 'b')).toMatchObject({ amqpPort: 5673, managementPort: 15673 })
  expect(plan.addressOf('default', 'a').amqpPort).toBe(5672)
})

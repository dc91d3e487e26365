/** What Python programs do with pika: the scenes stand in `pika/scenes.py`, what they must see stands here. */
import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { pythonClients } from './foreign.ts'
import { useBroker } from './restartable-broker.ts'

const SCENES = path.join(import.meta.dirname, 'pika', 'scenes.py')
const SCENE_MS = 30_000

const { python, missing } = pythonClients()

const inOrder = Array.from({ length: 100 }, (_, i) => [i, false])

describe.skipIf(missing !== null)(`pika${missing === null ? '' : ` (${missing})`}`, () => {
  const broker = useBroker()

  async function scene(name: string): Promise<unknown> {
    const env = { ...process.env, BROKER_URL: `${broker.amqpUrl}/%2F`, PYTHONDONTWRITEBYTECODE: '1' }
    const { stdout } = await promisify(execFile)(python, [SCENES, name], { env, timeout: SCENE_MS })
    return JSON.parse(stdout)
  }

  test('what is confirmed is consumed, and what is given back comes again', async () => {
    const { seen, left } = (await scene('publish_and_consume')) as { seen: [number, boolean][]; left: number }
    expect(seen.find(([n]) => n === 50)).toEqual([50, true])
    expect(seen.filter(([n]) => n !== 50)).toEqual(inOrder.filter(([n]) => n !== 50))
    expect(left).toBe(0)
  })

  test.each<[string, string, unknown]>([
    ['an unroutable mandatory message raises with what was returned', 'unroutable', [312, 'a']],
    ['a message that a full queue refuses raises', 'rejected', []],
    ['a call is answered by direct reply-to', 'reply_to', [['c', 'abab']]],
    ['refusals close channels and nothing else', 'refusals', { codes: [404, 406, 403, 406], open: true }],
    ['a deleted queue ends its consumer', 'cancelled', ['a', []]],
    ['a transaction is seen whole or not at all', 'transaction', ['kept', null]],
    ['a message of many frames arrives whole', 'large', true],
  ])('%s', async (_claim, name, seen) => {
    expect(await scene(name)).toEqual(seen)
  })
})

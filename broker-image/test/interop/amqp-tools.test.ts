/** What shell scripts do with Debian's amqp-tools (librabbitmq). */
import { spawn } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { amqpToolsMissing } from './foreign.ts'
import { useBroker } from './restartable-broker.ts'

const reason = amqpToolsMissing()

interface Result {
  code: number | null
  output: string
  errors: string
}

describe.skipIf(reason !== null)(`amqp-tools${reason === null ? '' : ` (${reason})`}`, () => {
  const broker = useBroker()

  /** Runs `amqp-<tool>`; `input` is its standard input. */
  async function amqp(tool: string, args: string[], input = ''): Promise<Result> {
    const child = spawn(`amqp-${tool}`, [`--url=${broker.amqpUrl}`, ...args])
    const result: Result = { code: null, output: '', errors: '' }
    child.stdout.on('data', chunk => {
      result.output += chunk
    })
    child.stderr.on('data', chunk => {
      result.errors += chunk
    })
    // A tool that reads nothing may be gone before it gets it.
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
    result.code = await new Promise(resolve => child.once('close', resolve))
    return result
  }

  const publish = (queue: string, body: string, ...args: string[]) =>
    amqp('publish', ['-r', queue, '-b', body, ...args])

  test('a queue is declared, filled, emptied in order and deleted', async () => {
    expect(await amqp('declare-queue', ['-q', 'tools', '-d'])).toMatchObject({ code: 0, output: 'tools\n' })
    expect(await publish('tools', 'one', '-p', '-C', 'text/plain', '-H', 'key: value')).toMatchObject({ code: 0 })
    expect(await amqp('publish', ['-r', 'tools', '-l'], 'two\nthree\n')).toMatchObject({ code: 0 })
    for (const output of ['one', 'two\n', 'three\n']) {
      expect(await amqp('get', ['-q', 'tools'])).toMatchObject({ code: 0, output })
    }
    expect(await amqp('get', ['-q', 'tools'])).toMatchObject({ code: 2, output: '' })
    expect(await amqp('delete-queue', ['-q', 'tools'])).toMatchObject({ code: 0, output: '0\n' })
    expect(await amqp('get', ['-q', 'tools'])).toMatchObject({ code: 1, errors: expect.stringContaining('404') })
  })

  test('a command is run for every message, and takes it off the queue when it ends well', async () => {
    await amqp('declare-queue', ['-q', 'tools work'])
    for (const body of ['a', 'b', 'c']) await publish('tools work', body)
    const { code, output } = await amqp('consume', ['-q', 'tools work', '-p', '1', '-c', '2', 'cat'])
    expect({ code, output }).toEqual({ code: 0, output: 'ab' })
    expect(await amqp('get', ['-q', 'tools work'])).toMatchObject({ output: 'c' })
    expect(await amqp('delete-queue', ['-q', 'tools work', '--if-empty', '--if-unused'])).toMatchObject({ code: 0 })
  })

  test('what a failing command had comes back', async () => {
    await amqp('declare-queue', ['-q', 'tools fail'])
    await publish('tools fail', 'a')
    await amqp('consume', ['-q', 'tools fail', '-c', '1', 'false'])
    expect(await amqp('get', ['-q', 'tools fail'])).toMatchObject({ code: 0, output: 'a' })
  })

  test('a queue with messages is not deleted if empty is asked for', async () => {
    await amqp('declare-queue', ['-q', 'tools full'])
    await publish('tools full', 'a')
    const { code, errors } = await amqp('delete-queue', ['-q', 'tools full', '-e'])
    expect({ code, errors }).toEqual({ code: 1, errors: expect.stringContaining('406') })
  })

  test('an exclusive queue of a consumer hears an exchange', async () => {
    const consumed = amqp('consume', ['-x', '-e', 'amq.topic', '-r', 'tools.#', '-A', '-c', '1', 'cat'])
    let isOver = false
    const over = consumed.finally(() => {
      isOver = true
    })
    await expect
      .poll(async () => {
        await amqp('publish', ['-e', 'amq.topic', '-r', 'tools.a.b', '-b', 'heard'])
        return isOver
      })
      .toBe(true)
    expect((await over).output).toMatch(/heard$/)
  })

  test('a wrong password is an error', async () => {
    const child = spawn('amqp-publish', [
      `--url=${broker.amqpUrl.replace('guest:guest', 'guest:wrong')}`,
      '-r',
      'q',
      '-b',
      'a',
    ])
    expect(await new Promise(resolve => child.once('close', resolve))).toBe(1)
  })
})

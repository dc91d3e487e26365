/**
 * amqplib's own tests, unchanged from its package and run as upstream runs them: all files, by mocha, with its options.
 * Each of them is a test here. `BROKER_AMQP_URL` names another broker to run them against.
 */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { startBroker, temporaryFolder } from './broker-process.ts'

/** What the package of 0.10.9 has. */
const TESTS = 271

/** More than mocha's two seconds: the machine may be busy. */
const TEST_MS = 20_000

interface Result {
  readonly fullTitle: string
  readonly err: { readonly message?: string; readonly stack?: string }
}

interface Report {
  readonly tests: readonly Result[]
  readonly pending: readonly Result[]
}

const require = createRequire(import.meta.url)
const folder = temporaryFolder()

afterAll(folder.remove)

/** Runs mocha in the folder of amqplib; its report stands in a file, since the tests print as well. */
async function runSuite(): Promise<Report> {
  const broker =
    process.env['BROKER_AMQP_URL'] === undefined ? await startBroker(path.join(folder.path, 'data')) : undefined
  const url = broker?.amqpUrl ?? process.env['BROKER_AMQP_URL']!
  const report = path.join(folder.path, 'report.json')
  const cwd = path.dirname(require.resolve('amqplib/package.json'))
  const env = { ...process.env, URL: url, BROKER_PORT: new URL(url).port || '5672' }
  const lead = path.join(import.meta.dirname, 'lead-to-broker.cjs')
  const reporter = ['--reporter', 'json', '--reporter-option', `output=${report}`]
  const command = [require.resolve('mocha/bin/mocha'), '--require', lead, ...reporter]
  const output = await new Promise<string>(resolve => {
    execFile(
      process.execPath,
      [...command, '--check-leaks', '-u', 'tdd', '--timeout', `${TEST_MS}`, '--exit', 'test/'],
      { cwd, env },
      (_, out, err) => resolve(out + err),
    )
  })
  await broker?.kill()
  try {
    return JSON.parse(readFileSync(report, 'utf8'))
  } catch {
    throw new Error(`mocha made no report:\n${output}`)
  }
}

const { tests, pending } = await runSuite()

describe("amqplib's own suite", () => {
  test.each(tests.map((result, at) => ({ ...result, at })))('$at $fullTitle', ({ err }) => {
    expect(err.stack ?? err.message).toBeUndefined()
  })

  test('is whole', () => {
    expect(tests).toHaveLength(TESTS)
    expect(pending).toEqual([])
  })
})

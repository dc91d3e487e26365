/** What of a log is on disk. */

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { LogFile } from './log-file.ts'

const root = mkdtempSync(join(tmpdir(), 'warren-log-'))
let folders = 0

afterAll(() => rmSync(root, { recursive: true, force: true }))

const newPath = (): string => join(root, String(++folders), 'broker.log')

/** The texts of a log's files, the older first. */
function textsOf(path: string): string[] {
  const names = readdirSync(join(path, '..')).sort().reverse()
  return names.map(name => readFileSync(join(path, '..', name), 'utf8'))
}

test('two files of the bound at most hold the end of all that was said, in order, over several runs', () => {
  const line = fc.stringMatching(/^[a-zé]{0,9}$/).map(text => `${text}\n`)
  const runs = fc.array(fc.array(line, { maxLength: 12 }), { maxLength: 4 })
  fc.assert(
    fc.property(runs, lines => {
      const path = newPath()
      for (const run of lines) {
        const log = new LogFile(path, 40)
        for (const text of run) log.write(text)
      }
      const said = lines.flat().join('')
      if (said === '') return
      const texts = textsOf(path)
      const kept = texts.join('')
      expect(texts.length).toBeLessThanOrEqual(2)
      for (const text of texts) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(40)
      expect(said.endsWith(kept)).toBe(true)
      if (Buffer.byteLength(said) <= 40) expect(kept).toBe(said)
    }),
    { numRuns: 50 },
  )
})

test('what is longer than the bound is kept whole', () => {
  const path = newPath()
  const log = new LogFile(path, 4)
  for (const text of ['a\n', 'a long line\n', 'b\n']) log.write(text)
  expect(textsOf(path)).toEqual(['a long line\n', 'b\n'])
})

test('a log that cannot be written costs nobody anything', () => {
  const path = newPath()
  const log = new LogFile(path)
  mkdirSync(path)
  expect(() => log.write('lost\n')).not.toThrow()
})

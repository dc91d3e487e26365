/** Where compiled code is kept, and that the program keeps it. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { codeFolder } from './code-folder.ts'

test('compiled code is kept among the caches of the user', () => {
  expect(codeFolder({ HOME: '/home/anna' })).toBe('/home/anna/.cache/warren-broker')
  expect(codeFolder({ HOME: '/home/anna', XDG_CACHE_HOME: '/fast' })).toBe('/fast/warren-broker')
})

test('a folder for caches that is relative does not count, as the specification says', () => {
  expect(codeFolder({ HOME: '/home/anna', XDG_CACHE_HOME: 'fast' })).toBe('/home/anna/.cache/warren-broker')
})

test('nothing is kept where others could write, when the user has no folder', () => {
  expect(codeFolder({})).toBeUndefined()
  expect(codeFolder({ HOME: '' })).toBeUndefined()
})

test('the program leaves its compiled code there for the next start', () => {
  const home = mkdtempSync(join(tmpdir(), 'warren-home-'))
  onTestFinished(() => rmSync(home, { recursive: true }))
  const main = fileURLToPath(new URL('./main.ts', import.meta.url))
  execFileSync(process.execPath, [main, '--version'], { env: { HOME: home } })
  const [version] = readdirSync(codeFolder({ HOME: home })!)
  const kept = readdirSync(join(codeFolder({ HOME: home })!, version!))
  expect(kept.length).toBeGreaterThan(100)
})

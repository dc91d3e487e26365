/** A folder has one run at a time, and a run that was killed does not hold it. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { claimFolder, FolderInUse } from './folder-claim.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'warren-claim-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

test('a claimed folder is refused until it is released, however its path is written', () => {
  const claim = claimFolder(folder)
  expect(() => claimFolder(join(folder, '..', basename(folder)))).toThrow(FolderInUse)
  claim.release()
  claimFolder(folder).release()
})

test('a run that was killed leaves the folder free', async () => {
  const module = new URL('./folder-claim.ts', import.meta.url).href
  const script = `import(${JSON.stringify(module)}).then(({ claimFolder }) => {
    const claim = claimFolder(${JSON.stringify(folder)})
    setInterval(() => claim, 1000)
    process.stdout.write('claimed')
  })`
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  expect(() => claimFolder(folder)).toThrow('another run uses')
  child.kill('SIGKILL')
  await once(child, 'exit')
  claimFolder(folder).release()
})

/** A folder has one run at a time, and a run that was killed does not hold it. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { claimFolder, FolderInUse } from './folder-claim.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'warren-claim-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

test('a claimed folder is refused until it is released, however its path is written', async () => {
  const claim = await claimFolder(folder)
  await expect(claimFolder(join(folder, '..', folder.split('/').at(-1) ?? ''))).rejects.toThrow(FolderInUse)
  claim.release()
  const next = await claimFolder(folder)
  next.release()
})

test('a run that was killed leaves the folder free', async () => {
  const module = new URL('./folder-claim.ts', import.meta.url).href
  const script = `import(${JSON.stringify(module)}).then(async ({ claimFolder }) => {
    await claimFolder(${JSON.stringify(folder)})
    setInterval(() => undefined, 1000)
    process.stdout.write('claimed')
  })`
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  await expect(claimFolder(folder)).rejects.toThrow('another run uses')
  child.kill('SIGKILL')
  await once(child, 'exit')
  const claim = await claimFolder(folder)
  claim.release()
})

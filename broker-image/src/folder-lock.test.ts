/** Who may have a data folder, and until when. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, expect, test } from 'vitest'
import { temporaryFolder } from '../test/interop/broker-process.ts'
import { FolderInUseError, lockFolder } from './folder-lock.ts'

const folder = temporaryFolder()
afterAll(() => folder.remove())

test('a folder is refused while somebody has it, and free once it is released', () => {
  const lock = lockFolder(folder.path, 0)
  expect(() => lockFolder(folder.path, 0)).toThrow(FolderInUseError)
  lock.release()
  lockFolder(folder.path, 0).release()
})

test('a folder is free again when its process is killed', async () => {
  const script = `
    import { lockFolder } from ${JSON.stringify(new URL('./folder-lock.ts', import.meta.url).href)}
    globalThis.lock = lockFolder(${JSON.stringify(folder.path)}, 0)
    console.log('locked')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  await once(child.stdout, 'data')
  expect(() => lockFolder(folder.path, 0)).toThrow(`another broker uses the data folder ${folder.path}`)
  child.kill('SIGKILL')
  await ended
  lockFolder(folder.path, 0).release()
})

test('a folder that cannot be written to is another error', () => {
  expect(() => lockFolder(`${folder.path}/missing`, 0)).toThrow('unable to open database file')
})

/** Recovers the log in a folder, and kills itself at one of the calls to the file system: `recovery-child.ts FOLDER CALL`. */
import fs from 'node:fs'
import { type FileSystem, fileDisk } from '../../src/log/file-disk.ts'
import { openLog } from '../log/owner.ts'

const [folder = '', killAt = '0'] = process.argv.slice(2)
let calls = 0

/** The real calls, until the one at which the process dies; a write has got half of its bytes out by then. */
function dying(system: typeof fs): FileSystem {
  return new Proxy(system, {
    get: (target, name: keyof typeof fs) => {
      const call = target[name]
      if (typeof call !== 'function') return call
      return (...args: unknown[]) => {
        calls += 1
        if (calls === Number(killAt)) die(name, args)
        return Reflect.apply(call, target, args)
      }
    },
  })
}

function die(name: string, args: unknown[]): void {
  if (name === 'writeSync' || name === 'write') {
    const [fd, buffer, from, length, position] = args as [number, Buffer, number, number, number]
    fs.writeSync(fd, buffer, from, Math.floor(length / 2), position)
  }
  process.kill(process.pid, 'SIGKILL')
}

const { log, queues } = openLog(fileDisk(folder, dying(fs)))
log.close(() => {
  const held = [...queues.queues].map(([id, { live }]) => [id, [...live.keys()]])
  process.stdout.write(JSON.stringify({ calls, held }))
})

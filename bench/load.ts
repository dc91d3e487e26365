/**
 * The load generator's process: `node load.ts PORT PID LOAD`, PID being the broker's and LOAD being JSON. Prints the
 * figures as its last line, of JSON. Before that it may print `rest`, and then goes on when it reads a line.
 */
import { once } from 'node:events'
import { type Load, run, usesTls } from './scenarios.ts'
import { ReadBuffer } from './socket.ts'

const [port, pid, load] = process.argv.slice(2)
if (port === undefined || pid === undefined || load === undefined) throw new Error('usage: load.ts PORT PID LOAD')
const parsed = JSON.parse(load) as Load
const target = { port: Number(port), pid: Number(pid), buffer: new ReadBuffer(), tls: usesTls(parsed) }
const figures = await run(target, parsed, rest)
process.stdout.write(`${JSON.stringify(figures)}\n`)

async function rest(): Promise<void> {
  process.stdout.write('rest\n')
  await once(process.stdin.resume(), 'data')
  process.stdin.pause()
}

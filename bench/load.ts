/** The load generator's process: `node load.ts PORT LOAD`, LOAD being JSON; prints the figures as one line of JSON. */
import { type Load, run } from './scenarios.ts'

const [port, load] = process.argv.slice(2)
if (port === undefined || load === undefined) throw new Error('usage: load.ts PORT LOAD')
const figures = await run(Number(port), JSON.parse(load) as Load)
process.stdout.write(`${JSON.stringify(figures)}\n`)

/** The entry of the broker: lets Node.js keep the code that it compiles, then loads and runs the rest. */
import { enableCompileCache } from 'node:module'
import { codeFolder } from './code-folder.ts'

// Only what is loaded from now on is kept, hence no import of the program above.
const folder = codeFolder(process.env)
if (folder !== undefined) enableCompileCache(folder)
const { run } = await import('./program.ts')
await run(process.argv.slice(2))

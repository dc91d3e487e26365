/**
 * What clients and broker say to each other, as transcripts under `testdata`. `vitest -u` writes them anew; read the
 * difference before it is committed, for it is what users will see.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { rerun } from '../support/transcript.ts'

const folder = join(import.meta.dirname, 'testdata')

test.each(readdirSync(folder))('%s reads as written', async file => {
  const path = join(folder, file)
  await expect(await rerun(readFileSync(path, 'utf8'))).toMatchFileSnapshot(path)
})

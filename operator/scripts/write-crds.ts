/** Writes `crds/*.yaml` from the schemas in `operator/src/api`; `npm run crds`. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { crdFiles } from '../src/api/crd-files.ts'

const folder = fileURLToPath(new URL('../../crds/', import.meta.url))
mkdirSync(folder, { recursive: true })
for (const { name, text } of crdFiles()) writeFileSync(`${folder}${name}`, text)

/** The files of `crds/`, made from the kinds. */

import { dump } from 'js-yaml'
import { customResourceDefinition } from './crd.ts'
import { KINDS } from './kinds.ts'

/** Name and text of each file; the same source gives the same bytes. */
export function crdFiles(): { name: string; text: string }[] {
  return KINDS.map(kind => ({
    name: `${kind.plural}.yaml`,
    text: `# Made by \`npm run crds\` from operator/src/api; do not edit.\n${dump(customResourceDefinition(kind), { lineWidth: 120, noRefs: true })}`,
  }))
}

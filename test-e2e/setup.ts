/** Before the tests: installs the operator by Helm, as a user does. */

import { run } from './support/command.ts'
import { collect } from './support/evidence.ts'
import { createNamespace, find } from './support/kubectl.ts'
import { CHART, OPERATOR_NAMESPACE, RELEASE, VERSION } from './support/settings.ts'

export async function setup(): Promise<void> {
  if ((await find(OPERATOR_NAMESPACE, `namespace/${OPERATOR_NAMESPACE}`)) === undefined) {
    await createNamespace(OPERATOR_NAMESPACE)
  }
  const values = [`image.tag=${VERSION}`, `brokerImage.tag=${VERSION}`, 'logLevel=debug']
  const words = ['upgrade', '--install', RELEASE, CHART, '--namespace', OPERATOR_NAMESPACE, '--wait', '--timeout=120s']
  try {
    await run('helm', [...words, ...values.map(value => `--set=${value}`)], { timeoutMs: 150_000 })
  } catch (error) {
    await collect('installation by Helm', [OPERATOR_NAMESPACE])
    throw error
  }
}

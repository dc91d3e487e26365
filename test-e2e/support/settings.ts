/** What the tests need to know of their surroundings: a reachable cluster in KUBECONFIG, with both images in its nodes. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export const REPOSITORY = join(import.meta.dirname, '..', '..')
export const CHART = join(REPOSITORY, 'charts', 'warren')
export const ORDERS = join(REPOSITORY, 'examples', 'orders.yaml')
/** Where logs of failed tests are kept. */
export const EVIDENCE = process.env['E2E_EVIDENCE'] ?? join(REPOSITORY, '.warren', 'e2e')

export const RELEASE = 'warren'
export const OPERATOR_NAMESPACE = 'warren-system'
/** Tag of the images that the script before the tests has loaded. */
export const VERSION = packageVersion()

function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as { version: string }
  return manifest.version
}

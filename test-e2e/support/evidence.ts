/** Keeps and shows what the cluster has to say about a failed test: objects, events and the logs of all pods. */

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import { kubectl } from './kubectl.ts'
import { EVIDENCE } from './settings.ts'

/** Lines of each log that are shown; the files hold them all. */
const LINES_SHOWN = 40

const lastLines = (text: string) => text.trimEnd().split('\n').slice(-LINES_SHOWN).join('\n')

/** To be called once in a test file: looks into the namespaces after each failed test. */
export function keepEvidence(...namespaces: string[]): void {
  afterEach(async ({ task }) => {
    const errors = task.result?.errors ?? []
    if (errors.some(error => !error.message.startsWith('an earlier step failed'))) {
      await collect(task.name, namespaces)
    }
  })
}

/** Writes one file a question into a folder named after `title`, and prints the end of each. */
export async function collect(title: string, namespaces: readonly string[]): Promise<void> {
  const folder = join(EVIDENCE, title.replaceAll(/[^A-Za-z0-9]+/g, '-').slice(0, 80))
  await mkdir(folder, { recursive: true })
  process.stderr.write(`\nwhat the cluster says about "${title}" (kept in ${folder}):\n`)
  for (const namespace of namespaces) {
    for (const [name, words] of await questions(namespace)) {
      const answer = await kubectl('-n', namespace, ...words).catch((error: Error) => error.message)
      await writeFile(join(folder, `${namespace}-${name}.txt`), answer)
      process.stderr.write(`--- ${namespace}: ${name}\n${lastLines(answer)}\n`)
    }
  }
}

async function questions(namespace: string): Promise<[string, string[]][]> {
  const names = await kubectl('-n', namespace, 'get', 'pods', '-o', 'name').catch(() => '')
  const pods = names.split('\n').filter(name => name !== '')
  return [
    ['objects', ['get', 'warren,pods,statefulsets,services,pvc', '-o', 'wide']],
    ['conditions', ['get', 'warren', '-o', 'yaml']],
    ['pods', ['describe', 'pods']],
    ['events', ['get', 'events', '--sort-by=.lastTimestamp']],
    ...pods.map(pod => [`log-${pod.slice(4)}`, ['logs', pod, '--all-containers']] as [string, string[]]),
    ...pods.map(
      pod => [`previous-log-${pod.slice(4)}`, ['logs', pod, '--all-containers', '--previous']] as [string, string[]],
    ),
  ]
}

/** The status table of local mode: rows from the store, text from rows. Pure. */

import { API_VERSION } from '../api/group.ts'
import { KINDS } from '../api/kinds.ts'
import type { KubernetesObject } from '../objects.ts'
import type { CachedObjects } from '../runtime/source.ts'

export interface Row {
  kind: string
  /** With the namespace before it where that is not the default one. */
  name: string
  ready: string
  messages: string
  consumers: string
  /** Why it is not Ready; empty when it is. */
  note: string
}

const HEADER: Row = {
  kind: 'KIND',
  name: 'NAME',
  ready: 'READY',
  messages: 'MESSAGES',
  consumers: 'CONSUMERS',
  note: '',
}

interface AnyStatus {
  conditions?: { type: string; status: string; reason: string; message: string }[]
  messages?: number
  consumers?: number
}

export function rowsOf(cached: CachedObjects): Row[] {
  return KINDS.flatMap(({ kind }) =>
    [...cached.list({ apiVersion: API_VERSION, kind }, '')]
      .sort((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1))
      .map(rowOf),
  )
}

function rowOf({ kind, metadata, status }: KubernetesObject): Row {
  const { conditions, messages, consumers } = (status ?? {}) as AnyStatus
  const ready = conditions?.find(condition => condition.type === 'Ready')
  const deleting = metadata.deletionTimestamp === undefined ? '' : '(being deleted) '
  return {
    kind,
    name: metadata.namespace === 'default' ? metadata.name : `${metadata.namespace}/${metadata.name}`,
    ready: ready?.status ?? 'Unknown',
    messages: messages?.toString() ?? '',
    consumers: consumers?.toString() ?? '',
    note: deleting + reasonOf(ready),
  }
}

/** In one line, whatever the broker said. */
function reasonOf(ready: { status: string; reason: string; message: string } | undefined): string {
  if (ready === undefined || ready.status === 'True') return ''
  return `${ready.reason}: ${ready.message}`.replaceAll(/\s+/g, ' ')
}

/** Lines of equal columns, cut to `width` characters. */
export function tableLines(rows: readonly Row[], width: number): string[] {
  const all = [HEADER, ...rows]
  const fields = ['kind', 'name', 'ready', 'messages', 'consumers'] as const
  const widths = fields.map(field => Math.max(...all.map(row => row[field].length)))
  return all.map(row => {
    const cells = fields.map((field, index) => row[field].padEnd(widths[index] ?? 0))
    return [...cells, row.note].join('  ').trimEnd().slice(0, width)
  })
}

/** One line a row that is new or has changed, and a line for each that is gone. */
export function changedLines(before: readonly Row[], after: readonly Row[]): string[] {
  const old = new Map(before.map(row => [nameOf(row), JSON.stringify(row)]))
  const now = new Set(after.map(nameOf))
  const changed = after.filter(row => old.get(nameOf(row)) !== JSON.stringify(row))
  const gone = before.filter(row => !now.has(nameOf(row)))
  return [...changed.map(line), ...gone.map(row => `${nameOf(row)} is gone`)]
}

function nameOf({ kind, name }: Row): string {
  return `${kind}/${name}`
}

function line(row: Row): string {
  const { ready, messages, consumers, note } = row
  const state = ready === 'True' ? 'is Ready' : 'is not Ready'
  const numbers = messages === '' ? '' : `, ${messages} messages, ${consumers} consumers`
  return `${nameOf(row)} ${state}${numbers}${note === '' ? '' : `: ${note}`}`
}

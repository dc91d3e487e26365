/** kubectl as functions. */

import { CommandError, run } from './command.ts'

export interface Condition {
  type: string
  status: string
  reason?: string
  message?: string
}

/** As much of any object as the tests look at. */
export interface KubernetesObject {
  metadata: { name: string; uid: string; generation?: number; finalizers?: string[] }
  spec: { [field: string]: unknown }
  status?: { conditions?: Condition[]; messages?: number; [field: string]: unknown }
}

export interface Pod extends KubernetesObject {
  status: { conditions?: Condition[]; containerStatuses?: { restartCount: number }[] }
}

export interface Service extends KubernetesObject {
  spec: { type: string; ports: { name: string; nodePort?: number }[] }
}

export function kubectl(...words: string[]): Promise<string> {
  return run('kubectl', words)
}

/** One object; undefined when there is none. `name` is as kubectl has it: `queue/orders`. */
export async function find<Item = KubernetesObject>(namespace: string, name: string): Promise<Item | undefined> {
  const text = await kubectl('-n', namespace, 'get', name, '--ignore-not-found', '-o', 'json')
  return text === '' ? undefined : (JSON.parse(text) as Item)
}

/** One object that must be there. */
export async function get<Item = KubernetesObject>(namespace: string, name: string): Promise<Item> {
  const found = await find<Item>(namespace, name)
  if (found === undefined) throw new Error(`${name} is not in ${namespace}`)
  return found
}

export async function list<Item = KubernetesObject>(namespace: string, ...words: string[]): Promise<Item[]> {
  const text = await kubectl('-n', namespace, 'get', ...words, '-o', 'json')
  return (JSON.parse(text) as { items: Item[] }).items
}

export async function applyText(namespace: string, manifest: string): Promise<void> {
  await run('kubectl', ['-n', namespace, 'apply', '-f', '-'], { input: manifest })
}

export async function patch(namespace: string, name: string, change: object): Promise<void> {
  await kubectl('-n', namespace, 'patch', name, '--type=merge', '-p', JSON.stringify(change))
}

/** What the API server says against a manifest or a change that it must refuse. */
export async function refusalOf(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt
  } catch (error) {
    if (error instanceof CommandError) return error.stderr
    throw error
  }
  throw new Error('the API server took what it should refuse')
}

/** A namespace in which only pods of the restricted profile may run. */
export async function createNamespace(name: string): Promise<void> {
  await kubectl('create', 'namespace', name)
  await kubectl('label', 'namespace', name, 'pod-security.kubernetes.io/enforce=restricted')
}

export function conditionOf(object: KubernetesObject | undefined, type: string): Condition | undefined {
  return object?.status?.conditions?.find(condition => condition.type === type)
}

export function isReady(object: KubernetesObject | undefined): boolean {
  return conditionOf(object, 'Ready')?.status === 'True'
}

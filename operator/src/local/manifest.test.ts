/** Manifests are read as kubectl would, and a bad one says where and why. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test, vi } from 'vitest'
import { secretText } from '../desired/binding-secret.ts'
import { AppliedFile } from './applied-file.ts'
import { parseManifest } from './manifest.ts'
import { LocalStore } from './store.ts'

const example = fileURLToPath(new URL('../../../examples/orders.yaml', import.meta.url))
let cleanUp: (() => void)[] = []

afterEach(() => {
  for (const clean of cleanUp) clean()
  cleanUp = []
})

test('every object of the example is admitted', () => {
  const store = new LocalStore(() => 0)
  const objects = parseManifest(readFileSync(example, 'utf8'))
  expect(objects.map(object => store.put(object).kind)).toEqual(['BrokerCluster', 'Queue', 'Queue', 'Policy', 'User'])
})

test('stringData of a Secret becomes data', () => {
  const [secret] = parseManifest('{apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {password: pw}}')
  expect(secretText(secret, 'password')).toBe('pw')
  expect(secret?.metadata.namespace).toBe('default')
})

test.each([
  ['a: [', 'unexpected end'],
  ['just text', 'document 1 is not an object of Kubernetes'],
  ['apiVersion: v1\nkind: Pod\nmetadata: {name: a}', 'document 1 is of kind v1 Pod; local mode knows BrokerCluster'],
  ['', 'there is no object in it'],
  ['apiVersion: v1\nkind: Secret\nmetadata: {name: ../up}', 'document 1 (Secret): metadata.name "../up" must be of'],
  ['apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: A}', 'metadata.namespace "A" must be of'],
  ['apiVersion: v1\nkind: Secret\nmetadata: {}', 'document 1 (Secret) has no metadata.name'],
  [
    'apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: a}',
    'is there twice',
  ],
])('%j is refused in one line', (text, message) => {
  expect(() => parseManifest(text)).toThrow(message)
  expect(() => parseManifest(text)).toThrow(/^[^\n]*$/)
})

test('an object that comes back while it is being deleted is made again once it is gone', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'warren-manifest-'))
  cleanUp.push(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'm.yaml')
  const text = '---\napiVersion: warren.dev/v1alpha1\nkind: Queue\nmetadata: {name: a}\nspec: {clusterRef: {name: c}}\n'
  const secret = '---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\n'
  writeFileSync(path, text + secret)
  const store = new LocalStore(() => 0)
  const file = new AppliedFile(
    path,
    store,
    () => undefined,
    () => undefined,
  )
  cleanUp.push(() => file.stop())
  file.start()
  const find = () =>
    store.cached.get({ apiVersion: 'warren.dev/v1alpha1', kind: 'Queue', namespace: 'default', name: 'a' })
  const first = find()
  if (first !== undefined) await store.objects.setFinalizers(first, ['warren.dev/broker'])
  writeFileSync(path, secret)
  await vi.waitFor(() => expect(find()?.metadata.deletionTimestamp).toBeDefined(), 10_000)
  writeFileSync(path, secret + text.replace('}}', '}, deletionPolicy: Delete}'))
  await vi.waitFor(() => expect(find()?.spec).toMatchObject({ deletionPolicy: 'Delete' }), 10_000)
  const held = find()
  if (held !== undefined) await store.objects.setFinalizers(held, [])
  expect(find()).toBeUndefined()
  await vi.waitFor(() => expect(find()).toBeDefined(), 10_000)
})

test('an edit is applied and told of, what left the file is deleted, and a bad edit changes nothing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'warren-manifest-'))
  cleanUp.push(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'm.yaml')
  const queue = (name: string, more = '') =>
    `---\napiVersion: warren.dev/v1alpha1\nkind: Queue\nmetadata: {name: ${name}}\nspec: {clusterRef: {name: c}${more}}\n`
  writeFileSync(path, queue('a') + queue('b'))
  const store = new LocalStore(() => 0)
  const complaints: string[] = []
  let edits = 0
  const file = new AppliedFile(
    path,
    store,
    message => complaints.push(message),
    () => edits++,
  )
  cleanUp.push(() => file.stop())
  file.start()
  const names = () =>
    store.cached.list({ apiVersion: 'warren.dev/v1alpha1', kind: 'Queue' }, '').map(({ metadata }) => metadata.name)
  expect(names()).toEqual(['a', 'b'])
  writeFileSync(path, queue('b') + queue('c'))
  await vi.waitFor(() => expect(names()).toEqual(['b', 'c']), 10_000)
  expect(edits).toBe(1)
  writeFileSync(path, 'a: [ nonsense')
  await vi.waitFor(() => expect(complaints).toHaveLength(1), 10_000)
  expect(complaints[0]).toContain('nothing was changed')
  writeFileSync(path, queue('b', ', typo: 1') + queue('c') + queue('d'))
  await vi.waitFor(() => expect(names()).toEqual(['b', 'c', 'd']), 10_000)
  expect(complaints[1]).toContain('spec.typo: unknown field')
  expect(file.summary).toBe(`Applied 2 of 3 objects of ${path}; 1 refused, as said above`)
  writeFileSync(path, queue('b'))
  await vi.waitFor(() => expect(file.summary).toBe(`Applied ${path}`), 10_000)
})

/** The CRDs say all that `kubectl explain` and the API server need, and are what the source says. */

import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { objectSchema, type StructuralSchema } from './crd.ts'
import { crdFiles } from './crd-files.ts'
import { KINDS } from './kinds.ts'

const folder = fileURLToPath(new URL('../../../crds/', import.meta.url))

function* nodes(schema: StructuralSchema, path: string): Generator<[string, StructuralSchema]> {
  yield [path, schema]
  for (const [name, child] of Object.entries(schema.properties ?? {})) yield* nodes(child, `${path}.${name}`)
  if (schema.items) yield* nodes(schema.items, `${path}[]`)
  if (schema.additionalProperties) yield* nodes(schema.additionalProperties, `${path}.*`)
}

const all = KINDS.flatMap(kind => [...nodes(objectSchema(kind), kind.kind)])

test('crds/ holds exactly what the source makes (npm run crds)', () => {
  const files = crdFiles()
  expect(
    readdirSync(folder)
      .filter(name => name.endsWith('.yaml'))
      .sort(),
  ).toEqual(files.map(file => file.name).sort())
  for (const file of files) expect(readFileSync(folder + file.name, 'utf8')).toBe(file.text)
})

test('every field has a description', () => {
  expect(all.filter(([path, node]) => !path.endsWith('.metadata') && !node.description).map(([path]) => path)).toEqual(
    [],
  )
})

test('every text and list that a user writes has a bound', () => {
  const unbounded = all.filter(
    ([path, node]) =>
      path.includes('.spec') &&
      ((node.type === 'string' && node.enum === undefined && node.maxLength === undefined) ||
        (node.type === 'array' && node.maxItems === undefined)),
  )
  expect(unbounded.map(([path]) => path)).toEqual([])
})

test('schemas are structural: each node has a type, and no construct that the API server refuses', () => {
  for (const [path, node] of all) {
    expect(node.type !== undefined || node['x-kubernetes-int-or-string'], path).toBeTruthy()
    for (const refused of ['patternProperties', '$ref', 'const', 'allOf', 'oneOf', 'not', 'definitions']) {
      expect(node, path).not.toHaveProperty(refused)
    }
    expect(node.additionalProperties && node.properties, path).toBeUndefined()
  }
})

test('keys of keyed lists are required or have a default', () => {
  for (const [path, node] of all) {
    for (const key of node['x-kubernetes-list-map-keys'] ?? []) {
      const item = node.items
      const certain = item?.required?.includes(key) || item?.properties?.[key]?.default !== undefined
      expect(certain, `${path} ${key}`).toBe(true)
    }
  }
})

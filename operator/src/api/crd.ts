/** From the definition of a kind to its CustomResourceDefinition: a structural schema with CEL rules. */

import { API_VERSION, GROUP, VERSION } from './group.ts'
import type { KindDefinition } from './kind.ts'

/** A node of a structural schema, as the API server reads it. */
export interface StructuralSchema {
  type?: string
  description?: string
  default?: unknown
  properties?: { [name: string]: StructuralSchema }
  required?: string[]
  items?: StructuralSchema
  additionalProperties?: StructuralSchema
  enum?: readonly string[]
  pattern?: string
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  maxItems?: number
  minProperties?: number
  maxProperties?: number
  'x-kubernetes-preserve-unknown-fields'?: boolean
  'x-kubernetes-int-or-string'?: boolean
  'x-kubernetes-list-type'?: string
  'x-kubernetes-list-map-keys'?: readonly string[]
  'x-kubernetes-validations'?: { rule: string; message: string }[]
}

/**
 * Plain JSON of a TypeBox schema. A field with a default is not required: the API server fills it in,
 * which is why its type in TypeScript is not optional.
 */
export function structural(schema: object): StructuralSchema {
  return withoutDefaulted(JSON.parse(JSON.stringify(schema)) as StructuralSchema)
}

function withoutDefaulted(schema: StructuralSchema): StructuralSchema {
  const properties = schema.properties
  if (properties !== undefined) {
    for (const child of Object.values(properties)) withoutDefaulted(child)
    const required = (schema.required ?? []).filter(name => properties[name]?.default === undefined)
    if (required.length > 0) schema.required = required
    else delete schema.required
  }
  if (schema.items !== undefined) withoutDefaulted(schema.items)
  if (schema.additionalProperties !== undefined) withoutDefaulted(schema.additionalProperties)
  return schema
}

/** Schema of the whole object. */
export function objectSchema(kind: KindDefinition): StructuralSchema {
  const spec = structural(kind.spec)
  if (kind.rules.length > 0) {
    spec['x-kubernetes-validations'] = kind.rules.map(rule => ({ rule: rule.cel, message: rule.message }))
  }
  return {
    type: 'object',
    description: kind.description,
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string', description: `${API_VERSION}.` },
      kind: { type: 'string', description: `${kind.kind}.` },
      metadata: { type: 'object' },
      spec,
      status: structural(kind.status),
    },
    'x-kubernetes-validations': kind.nameRules.map(rule => ({ rule: rule.cel, message: rule.message })),
  }
}

/** The CustomResourceDefinition, ready to be written as YAML. */
export function customResourceDefinition(kind: KindDefinition): object {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        singular: kind.kind.toLowerCase(),
        ...(kind.shortNames.length > 0 && { shortNames: kind.shortNames }),
        categories: ['warren'],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: kind.columns,
          schema: { openAPIV3Schema: objectSchema(kind) },
        },
      ],
    },
  }
}

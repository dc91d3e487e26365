/** What a kind of the API is made of: names, schemas, rules and the columns of `kubectl get`. */

import type { TObject } from '@sinclair/typebox'
import type { KubernetesObject, Metadata } from '../objects.ts'
import type { NameRule } from './name-rule.ts'
import type { Rule } from './rule.ts'

export interface Column {
  name: string
  type: 'string' | 'integer' | 'date'
  jsonPath: string
  description: string
  /** 1 = only with `-o wide`. */
  priority?: number
}

/** `rules` are about the spec; their type is checked where the kind is defined. */
export interface KindDefinition {
  kind: string
  plural: string
  shortNames: readonly string[]
  description: string
  spec: TObject
  status: TObject
  // biome-ignore lint/suspicious/noExplicitAny: the rules of different kinds stand in one list
  rules: readonly Rule<any>[]
  nameRules: readonly NameRule[]
  columns: readonly Column[]
}

/** An object of one of our kinds, as the API server stores it: defaults are filled in. */
export interface Resource<Spec, Status> extends KubernetesObject {
  metadata: Metadata & { namespace: string }
  spec: Spec
  status?: Status
}

export const READY_COLUMN: Column = {
  name: 'Ready',
  type: 'string',
  jsonPath: '.status.conditions[?(@.type=="Ready")].status',
  description: 'Whether all is as the spec says.',
}

export const REASON_COLUMN: Column = {
  name: 'Reason',
  type: 'string',
  jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
  description: 'Why it is Ready or not.',
}

export const CLUSTER_COLUMN: Column = {
  name: 'Cluster',
  type: 'string',
  jsonPath: '.spec.clusterRef.name',
  description: 'The BrokerCluster it belongs to.',
}

export const AGE_COLUMN: Column = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Time since it was created.',
}

/** A definitions file read and checked as a whole, before anything of it is put to work. */

import type { Definitions } from './definitions.ts'
import {
  bindingFromJson,
  exchangeFromJson,
  nameFrom,
  parameterFromJson,
  permissionFromJson,
  policyFromJson,
  queueFromJson,
  topicPermissionFromJson,
  userFromJson,
  vhostFromJson,
} from './from-json.ts'
import { InvalidDefinition, type JsonObject, objectFrom, stringField } from './json-values.ts'
import type { DefinitionKinds, QueueDefinition } from './model.ts'

/** What a file asks for, kind by kind, in an order in which it can be made. */
export interface ImportedDefinitions {
  vhosts: DefinitionKinds['vhost'][]
  users: DefinitionKinds['user'][]
  permissions: DefinitionKinds['permission'][]
  topicPermissions: DefinitionKinds['topicPermission'][]
  parameters: DefinitionKinds['parameter'][]
  policies: DefinitionKinds['policy'][]
  operatorPolicies: DefinitionKinds['operatorPolicy'][]
  exchanges: DefinitionKinds['exchange'][]
  queues: Omit<QueueDefinition, 'id'>[]
  bindings: DefinitionKinds['binding'][]
}

const PREDECLARED = /^(amq\..*)?$/

/**
 * Reads `POST /api/definitions`, for one virtual host where `vhost` is given. `definitions` is what is there already:
 * names that the file refers to are in one or the other. Throws `InvalidDefinition` naming the entry at fault.
 */
export function parseDefinitions(json: unknown, definitions: Definitions, vhost?: string): ImportedDefinitions {
  const file = objectFrom(json, 'the body')
  const of = (entry: JsonObject): string => vhost ?? stringField(entry, 'vhost')
  const name = (entry: JsonObject): string => stringField(entry, 'name')
  const parameters = entries(file, 'parameters', entry => entry)
  const isOperatorPolicy = (entry: JsonObject): boolean => entry['component'] === 'operator_policy'
  const imported: ImportedDefinitions = {
    ...(vhost === undefined ? accounts(file, definitions) : NO_ACCOUNTS),
    parameters: [
      ...parameters.filter(entry => !isOperatorPolicy(entry)).map(entry => parameter(entry, of(entry))),
      ...entries(file, 'global_parameters', entry => parameter({ component: '', ...entry }, '')),
    ],
    operatorPolicies: parameters
      .filter(isOperatorPolicy)
      .map(entry => policyFromJson({ vhost: of(entry), name: name(entry) }, objectFrom(entry['value'], 'value'), true)),
    policies: entries(file, 'policies', entry => policyFromJson({ vhost: of(entry), name: name(entry) }, entry)),
    exchanges: entries(file, 'exchanges', entry => exchangeFromJson(of(entry), name(entry), entry)),
    queues: entries(file, 'queues', entry => queueFromJson(of(entry), name(entry), entry)),
    bindings: entries(file, 'bindings', entry => binding(of(entry), entry)),
  }
  checkVhosts(imported, definitions)
  checkBindings(imported, definitions)
  return imported
}

type Accounts = Pick<ImportedDefinitions, 'vhosts' | 'users' | 'permissions' | 'topicPermissions'>

const NO_ACCOUNTS: Accounts = { vhosts: [], users: [], permissions: [], topicPermissions: [] }

function accounts(file: JsonObject, definitions: Definitions): Accounts {
  return {
    vhosts: entries(file, 'vhosts', entry => {
      const name = stringField(entry, 'name')
      return vhostFromJson(name, entry, definitions.get('vhost', [name]))
    }),
    users: entries(file, 'users', entry => {
      const name = stringField(entry, 'name')
      return userFromJson(name, entry, definitions.get('user', [name]))
    }),
    permissions: entries(file, 'permissions', entry =>
      permissionFromJson(stringField(entry, 'vhost'), stringField(entry, 'user'), entry),
    ),
    topicPermissions: entries(file, 'topic_permissions', entry =>
      topicPermissionFromJson(stringField(entry, 'vhost'), stringField(entry, 'user'), entry),
    ),
  }
}

/** Errors of an entry are told with the list and the position in it. */
function entries<T>(file: JsonObject, list: string, parse: (entry: JsonObject) => T): T[] {
  const json = file[list] ?? []
  if (!Array.isArray(json)) throw new InvalidDefinition(`${list} should be a list`)
  return json.map((entry, index) => {
    try {
      return parse(objectFrom(entry, 'it'))
    } catch (cause) {
      if (!(cause instanceof InvalidDefinition)) throw cause
      throw new InvalidDefinition(`${list}[${index}]: ${cause.message}`)
    }
  })
}

function parameter(entry: JsonObject, vhost: string): DefinitionKinds['parameter'] {
  const key = { vhost, component: stringField(entry, 'component'), name: stringField(entry, 'name') }
  return parameterFromJson(key, entry)
}

function binding(vhost: string, entry: JsonObject): DefinitionKinds['binding'] {
  const destinationType = stringField(entry, 'destination_type')
  if (destinationType !== 'queue' && destinationType !== 'exchange') {
    throw new InvalidDefinition('destination_type should be queue or exchange')
  }
  const source = nameFrom(entry['source'], 'source')
  const destination = nameFrom(entry['destination'], 'destination')
  return bindingFromJson({ vhost, source, destination, destinationType }, entry)
}

function checkVhosts(imported: ImportedDefinitions, definitions: Definitions): void {
  const known = new Set([...definitions.list('vhost'), ...imported.vhosts].map(({ name }) => name))
  const users = new Set([...definitions.list('user'), ...imported.users].map(({ name }) => name))
  const { vhosts: _, users: __, ...others } = imported
  for (const [kind, list] of Object.entries(others)) {
    for (const { vhost, user } of list as { vhost: string; user?: string }[]) {
      if (vhost !== '' && !known.has(vhost)) throw new InvalidDefinition(`${kind}: no virtual host '${vhost}'`)
      if (user !== undefined && !users.has(user)) throw new InvalidDefinition(`${kind}: no user '${user}'`)
    }
  }
}

function checkBindings(imported: ImportedDefinitions, definitions: Definitions): void {
  const keyOf = ({ vhost, name }: { vhost: string; name: string }): string => JSON.stringify([vhost, name])
  const known = { exchange: new Set(imported.exchanges.map(keyOf)), queue: new Set(imported.queues.map(keyOf)) }
  const exists = (kind: 'exchange' | 'queue', vhost: string, name: string): boolean =>
    (kind === 'exchange' && PREDECLARED.test(name)) ||
    known[kind].has(keyOf({ vhost, name })) ||
    definitions.get(kind, [vhost, name]) !== undefined
  for (const { vhost, source, destination, destinationType } of imported.bindings) {
    if (source === '') throw new InvalidDefinition('bindings: the default exchange takes none')
    if (!exists('exchange', vhost, source)) throw new InvalidDefinition(`bindings: no exchange '${source}'`)
    if (!exists(destinationType, vhost, destination)) {
      throw new InvalidDefinition(`bindings: no ${destinationType} '${destination}'`)
    }
  }
}

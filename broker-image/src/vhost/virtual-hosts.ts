/** The virtual hosts of a node: built from the definitions, and removed with all that the definitions say of them. */
import type { DefinitionChange, Definitions } from '../definitions/definitions.ts'
import type { VhostDefinition } from '../definitions/model.ts'
import { Vhost, type VhostContext } from './vhost.ts'

export interface VirtualHostsContext extends Omit<VhostContext, 'reportExchanges'> {
  /** Names of the exchanges for reports in the virtual host of this name. */
  readonly reportExchangesOf: (vhost: string) => readonly string[]
}

export class VirtualHosts {
  readonly byName = new Map<string, Vhost>()
  readonly #context: VirtualHostsContext

  constructor(context: VirtualHostsContext) {
    this.#context = context
  }

  /** Builds what the definitions say, at start. */
  restore(): void {
    for (const { name } of this.#context.definitions.list('vhost')) this.#add(name)
    for (const vhost of this.byName.values()) vhost.restore()
  }

  /** Creates a virtual host, or changes its description. */
  create(definition: VhostDefinition): void {
    this.#context.definitions.put('vhost', definition, { durable: true })
    if (!this.byName.has(definition.name)) this.#add(definition.name)
  }

  /** Removes a virtual host with all that is in it. */
  delete(name: string): void {
    this.byName.get(name)?.delete()
    if (this.byName.delete(name)) forget(this.#context.definitions, name)
  }

  /** Puts policies in force that have changed. */
  definitionChanged(change: DefinitionChange): void {
    if (change.kind !== 'policy' && change.kind !== 'operatorPolicy') return
    this.byName.get((change.value ?? change.previous)!.vhost)?.applyPolicies()
  }

  #add(name: string): void {
    const { reportExchangesOf, ...context } = this.#context
    this.byName.set(name, new Vhost(name, { ...context, reportExchanges: reportExchangesOf(name) }))
  }
}

/** Removes what is defined for a virtual host besides its queues, exchanges and bindings, and then its definition. */
function forget(definitions: Definitions, name: string): void {
  const isHere = ({ vhost }: { vhost: string }): boolean => vhost === name
  for (const { user } of definitions.list('permission').filter(isHere)) definitions.remove('permission', [name, user])
  for (const { user, exchange } of definitions.list('topicPermission').filter(isHere)) {
    definitions.remove('topicPermission', [name, user, exchange])
  }
  for (const kind of ['policy', 'operatorPolicy'] as const) {
    for (const policy of definitions.list(kind).filter(isHere)) definitions.remove(kind, [name, policy.name])
  }
  for (const { component, name: parameter } of definitions.list('parameter').filter(isHere)) {
    definitions.remove('parameter', [name, component, parameter])
  }
  definitions.remove('vhost', [name])
}

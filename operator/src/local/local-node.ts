/** Plays kubelet and StatefulSet controller: runs the broker of each StatefulSet as a process of this machine. */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CONFIG_FILE } from '../desired/config.ts'
import type { Address } from '../desired/inputs.ts'
import { childNames } from '../desired/names.ts'
import type { KubernetesObject } from '../objects.ts'
import type { Change } from '../runtime/source.ts'
import { BrokerProcess } from './broker-process.ts'
import type { LocalFolder } from './folder.ts'
import { assertPortsFree, type PortPlan } from './ports.ts'
import type { LocalStore } from './store.ts'

export interface LocalNodeOptions {
  store: LocalStore
  folder: LocalFolder
  ports: PortPlan
  /** Program and first arguments that start a broker. */
  broker: readonly [string, ...string[]]
  /** Told what the user should know and perhaps can help, in one line. */
  complain(message: string): void
  /** Told of what this node cannot go on with, such as a port in use. */
  fail(error: unknown): void
}

interface Running {
  template: string
  process: BrokerProcess
}

export class LocalNode {
  readonly #options: LocalNodeOptions
  readonly #running = new Map<string, Running>()
  /** Changes are carried out one after the other: a broker must have ended before the next opens its files. */
  #work: Promise<void> = Promise.resolve()

  constructor(options: LocalNodeOptions) {
    this.#options = options
  }

  start(): void {
    this.#options.store.source({ apiVersion: 'apps/v1', kind: 'StatefulSet' }).subscribe(change => {
      this.#work = this.#work.then(() => this.#follow(change)).catch(error => this.#options.fail(error))
    })
  }

  /** Resolves when all brokers have ended. */
  async stop(): Promise<void> {
    await this.#work
    await Promise.all([...this.#running.values()].map(({ process }) => process.stop()))
  }

  kill(): void {
    for (const { process } of this.#running.values()) process.kill()
  }

  async #follow(change: Change): Promise<void> {
    const set = change.object
    const { namespace = 'default', name } = set.metadata
    const key = `${namespace}/${name}`
    const running = this.#running.get(key)
    if (change.type === 'deleted') {
      this.#running.delete(key)
      await running?.process.stop()
      if (claimPolicy(set) === 'Delete') {
        rmSync(this.#options.folder.clusterPath(namespace, name), { recursive: true, force: true })
      }
      return
    }
    const template = JSON.stringify((set.spec as { template: unknown }).template)
    if (running?.template !== template) {
      await running?.process.stop()
      const address = this.#options.ports.addressOf(namespace, name)
      await assertPortsFree(address)
      this.#running.set(key, { template, process: this.#startBroker(set, address) })
    }
    await this.#writeStatus(set, undefined)
  }

  #startBroker(set: KubernetesObject, address: Address): BrokerProcess {
    const { namespace = 'default', name } = set.metadata
    const { folder, broker, complain } = this.#options
    const path = folder.clusterPath(namespace, name)
    const configFile = this.#writeConfig(path, namespace, name)
    const user = folder.secretPath(namespace, name, childNames(name).defaultUser)
    const logFile = join(path, 'broker.log')
    const process = new BrokerProcess(
      {
        argv: [
          ...broker,
          ...['--data-dir', join(path, 'data'), '--config', configFile, '--node-name', `${name}-0`],
          ...['--host', address.host, '--amqp-port', String(address.amqpPort)],
          ...['--management-port', String(address.managementPort)],
        ],
        env: {
          WARREN_DEFAULT_USER_FILE: join(user, 'username'),
          WARREN_DEFAULT_PASS_FILE: join(user, 'password'),
        },
        logFile,
        readyUrl: `http://${address.host}:${address.managementPort}/readyz`,
      },
      {
        ready: ready => void this.#writeStatus(set, ready),
        died: reason => complain(`the broker of ${name} ended and is started again (${logFile}): ${reason}`),
      },
    )
    process.start()
    return process
  }

  #writeConfig(path: string, namespace: string, name: string): string {
    const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: childNames(name).config }
    const data = this.#options.store.cached.get(ref)?.['data'] as { [file: string]: string } | undefined
    mkdirSync(path, { recursive: true })
    const file = join(path, CONFIG_FILE)
    writeFileSync(file, data?.[CONFIG_FILE] ?? '')
    return file
  }

  /** As the real controller's: pods, and which generation was seen. `ready` undefined keeps what was. */
  async #writeStatus(set: KubernetesObject, ready: boolean | undefined): Promise<void> {
    const { namespace = 'default', name } = set.metadata
    const { store, fail } = this.#options
    const current = store.cached.get({ apiVersion: 'apps/v1', kind: 'StatefulSet', namespace, name })
    if (current === undefined) return
    const before = (current.status as { readyReplicas?: number } | undefined)?.readyReplicas ?? 0
    const readyReplicas = ready === undefined ? before : Number(ready)
    const status = { observedGeneration: current.metadata.generation, replicas: 1, readyReplicas }
    await store.objects.applyStatus({ ...current, status }).catch(fail)
  }
}

function claimPolicy(set: KubernetesObject): string | undefined {
  const spec = set.spec as { persistentVolumeClaimRetentionPolicy?: { whenDeleted?: string } }
  return spec.persistentVolumeClaimRetentionPolicy?.whenDeleted
}

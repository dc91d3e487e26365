/** The Helm chart as Helm renders it: what is installed, with which rights, and which values it refuses. */

import { execFileSync } from 'node:child_process'
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { load, loadAll } from 'js-yaml'
import { describe, expect, test } from 'vitest'
import { parseConfig } from '../operator/src/config.ts'
import { role } from '../operator/src/desired/access.ts'

const CHART = join(import.meta.dirname, 'warren')
const CRDS = join(import.meta.dirname, '..', 'crds')

interface Rule {
  apiGroups: string[]
  resources: string[]
  resourceNames?: string[]
  verbs: string[]
}

interface Manifest {
  kind: string
  metadata: { name: string; namespace?: string; annotations?: Record<string, string> }
  rules?: Rule[]
  // biome-ignore lint/suspicious/noExplicitAny: the tests look deep into a few manifests
  spec?: any
}

interface EnvVar {
  name: string
  value?: string
}

/** helm of the machine, or the one that the real-cluster tier has made. */
function findHelm(): string | undefined {
  const cache =
    process.env['CLUSTER_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'warren-e2e')
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), join(cache, 'bin')]
  return folders.map(folder => join(folder, 'helm')).find(isProgram)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const helm = findHelm()

function run(...words: string[]): string {
  if (helm === undefined) throw new Error('helm is missing: test-e2e/cluster/build.sh makes it')
  return execFileSync(helm, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

function render(...values: string[]): Manifest[] {
  const settings = values.flatMap(value => ['--set', value])
  const text = run('template', 'warren', CHART, '-n', 'warren-system', '--kube-version', '1.34.0', ...settings)
  return (loadAll(text) as (Manifest | null)[]).filter(manifest => manifest !== null)
}

const ofKind = (manifests: Manifest[], kind: string) => manifests.filter(manifest => manifest.kind === kind)
const sameSet = (left: string[], right: string[]) => left.toSorted().join() === right.toSorted().join()
const rulesOf = (manifests: Manifest[], ...kinds: string[]) =>
  manifests.filter(({ kind }) => kinds.includes(kind)).flatMap(({ rules }) => rules ?? [])

test('the CRDs of the chart are those of crds/ (make chart copies them)', () => {
  const names = readdirSync(CRDS).filter(name => name.endsWith('.yaml'))
  expect(readdirSync(join(CHART, 'crd-files')).sort()).toEqual(names.sort())
  for (const name of names) {
    expect(readFileSync(join(CHART, 'crd-files', name), 'utf8')).toBe(readFileSync(join(CRDS, name), 'utf8'))
  }
})

// On a machine without helm these are shown as skipped; in CI they fail.
describe.skipIf(helm === undefined && process.env['CI'] === undefined)('rendered by Helm, the chart', () => {
  test('passes helm lint', () => {
    expect(run('lint', '--strict', CHART)).toContain('0 chart(s) failed')
  })

  test('installs each CRD as it is, and keeps it when the release is uninstalled', () => {
    const crds = ofKind(render(), 'CustomResourceDefinition')
    expect(crds).toHaveLength(readdirSync(CRDS).length)
    for (const crd of crds) {
      expect(crd.metadata.annotations).toEqual({ 'helm.sh/resource-policy': 'keep' })
      const plural = crd.metadata.name.replace('.warren.dev', '')
      const source = load(readFileSync(join(CRDS, `${plural}.yaml`), 'utf8')) as Manifest
      expect(crd.spec).toEqual(source.spec)
    }
    expect(ofKind(render('crds.install=false'), 'CustomResourceDefinition')).toEqual([])
  })

  test('uses no wildcard, and never lists, watches or deletes Secrets', () => {
    const rules = rulesOf(render(), 'ClusterRole', 'Role')
    expect(rules.filter(rule => Object.values(rule).flat().includes('*'))).toEqual([])
    const secrets = rules.filter(({ resources }) => resources.includes('secrets'))
    expect(secrets.map(({ verbs }) => verbs)).toEqual([['get', 'create', 'patch']])
  })

  test('with watchNamespaces has Roles there and no right elsewhere', () => {
    const manifests = render('watchNamespaces={shop,billing}')
    expect(ofKind(manifests, 'ClusterRole')).toEqual([])
    expect(ofKind(manifests, 'ClusterRoleBinding')).toEqual([])
    const roles = ofKind(manifests, 'Role').map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
    expect(roles.sort()).toEqual(['billing/warren', 'shop/warren', 'warren-system/warren-leader-election'])
    expect(rulesOf(manifests, 'Role')).toEqual(expect.arrayContaining(rulesOf(render(), 'ClusterRole')))
  })

  test('may change only its own Lease to lead', () => {
    const role = ofKind(render(), 'Role').find(({ metadata }) => metadata.name === 'warren-leader-election')
    const changing = role?.rules?.filter(({ verbs }) => verbs.some(verb => verb !== 'create'))
    expect(changing?.map(({ resourceNames }) => resourceNames)).toEqual([['warren']])
  })

  test('holds every right that the operator grants to brokers, as Kubernetes demands of who grants', () => {
    const cluster = {
      apiVersion: 'warren.dev/v1alpha1',
      kind: 'BrokerCluster',
      metadata: { name: 'x', namespace: 'y' },
    }
    const granted = (role(cluster as never)['rules'] ?? []) as Rule[]
    const held = rulesOf(render(), 'ClusterRole')
    for (const { apiGroups, resources, verbs } of granted) {
      const rule = held.find(
        each => sameSet(each.apiGroups, apiGroups) && resources.every(name => each.resources.includes(name)),
      )
      expect(rule?.verbs).toEqual(expect.arrayContaining(verbs))
    }
  })

  test('gives the operator settings that it understands', () => {
    const pod = ofKind(render('watchNamespaces={a,b}', 'logLevel=debug'), 'Deployment')[0]?.spec.template.spec
    const environment = Object.fromEntries(pod.containers[0].env.map(({ name, value }: EnvVar) => [name, value]))
    expect(parseConfig([], environment)).toMatchObject({
      namespaces: ['a', 'b'],
      brokerImage: 'warren-broker:0.1.0',
      leaseName: 'warren',
      concurrency: 10,
      healthPort: pod.containers[0].ports[0].containerPort,
      logLevel: 'debug',
    })
  })

  test('runs the operator as the restricted profile asks', () => {
    const pod = ofKind(render(), 'Deployment')[0]?.spec.template.spec
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
    for (const container of pod.containers) {
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      })
    }
  })

  test('takes image tags from the version of the chart, or from the values', () => {
    const chart = load(readFileSync(join(CHART, 'Chart.yaml'), 'utf8')) as { appVersion: string }
    const container = (values: string[]) => ofKind(render(...values), 'Deployment')[0]?.spec.template.spec.containers[0]
    expect(container([]).image).toBe(`warren-operator:${chart.appVersion}`)
    expect(container(['image.repository=registry.example/op', 'image.tag=v9']).image).toBe('registry.example/op:v9')
    const brokerImage = container(['brokerImage.tag=v7']).env.find(
      ({ name }: { name: string }) => name === 'WARREN_BROKER_IMAGE',
    )
    expect(brokerImage.value).toBe('warren-broker:v7')
  })

  test.each([
    ['an unknown value', 'logLvl=debug', 'logLvl'],
    ['a level that does not exist', 'logLevel=loud', 'logLevel'],
    ['a namespace that is none', 'watchNamespaces={Shop}', 'watchNamespaces'],
    ['replicas as text', 'replicas=many', 'replicas'],
  ])('refuses %s', (_, value, words) => {
    expect(() => render(value)).toThrow(words)
  })

  test('has the version of the workspace', () => {
    const chart = load(readFileSync(join(CHART, 'Chart.yaml'), 'utf8')) as { version: string; appVersion: string }
    const { version } = JSON.parse(readFileSync(join(CHART, '..', '..', 'package.json'), 'utf8')) as { version: string }
    expect([chart.version, chart.appVersion]).toEqual([version, version])
  })
})

/** Style as a unit test: what Biome and the compiler cannot say about files, their imports and their tests. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'

const LINES_MAX = 400
const root = import.meta.dirname

const files = globSync('**/*.{ts,mjs,sh,go,md,yaml}', {
  cwd: root,
  exclude: path => ['node_modules', 'testdata', '.git'].includes(basename(path)),
}).sort()
const sources = files.filter(file => file.endsWith('.ts'))
const text = new Map(files.map(file => [file, readFileSync(join(root, file), 'utf8')]))

const isTest = (file: string): boolean => /\.(test|e2e)\.ts$/.test(file) || /(^|\/)test(-e2e)?\//.test(file)
const shipped = sources.filter(file => /^(broker-image|operator)\/src\//.test(file) && !isTest(file))

/** Files of ours that a file imports. */
function importsOf(file: string): string[] {
  const imported = text.get(file)!.matchAll(/(?:from |import\()'(\.[^']*)'/g)
  return [...imported].map(([, path]) => join(dirname(file), path!))
}

/** A file without its comments. */
function code(file: string): string {
  return text
    .get(file)!
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '')
}

describe('files', () => {
  test(`have at most ${LINES_MAX} lines`, () => {
    const isLong = (file: string): boolean => text.get(file)!.split('\n').length - 1 > LINES_MAX
    expect(files.filter(file => /\.(ts|mjs|sh)$/.test(file) && isLong(file))).toEqual([])
  })

  test('open with a sentence of purpose', () => {
    const config = /vitest.*config\.ts$/
    expect(sources.filter(file => !config.test(file) && !text.get(file)!.startsWith('/**'))).toEqual([])
  })

  test('hold no notes of unfinished work', () => {
    const note = new RegExp(
      `\\b(${['FIX', 'TO', 'XX'].map((start, at) => start + ['ME', 'DO', 'X'][at]).join('|')})\\b`,
    )
    expect(files.filter(file => note.test(text.get(file)!))).toEqual([])
  })

  test('are imported by somebody, or are where a program starts', () => {
    const starts =
      /(^|\/)main\.ts$|^bench\/(recovery|space)\.ts$|\.(config|test|e2e|sim|fuzz|oracle)\.ts$|^(bench\/micro|operator\/scripts|test-e2e)\//
    const byAnybody = new Set(sources.flatMap(importsOf))
    const byPrograms = new Set(sources.filter(file => !isTest(file)).flatMap(importsOf))
    const isUsed = (file: string): boolean => (isTest(file) ? byAnybody : byPrograms).has(file)
    expect(sources.filter(file => !starts.test(file) && !isUsed(file) && !isStartedByPath(file))).toEqual([])
  })
})

test('what a file exports as a value is used by another one', () => {
  const unused = shipped.flatMap(file => {
    const importers = sources.filter(other => importsOf(other).includes(file)).map(other => text.get(other)!)
    const exported = [...text.get(file)!.matchAll(/^export (?:async )?(?:function\*?|class|const) (\w+)/gm)]
    const names = exported.map(([, name]) => name!)
    return names
      .filter(name => !importers.some(other => new RegExp(`\\b${name}\\b`).test(other)))
      .map(name => `${file}: ${name}`)
  })
  expect(unused).toEqual([])
})

/** By `new URL('x.ts', import.meta.url)` or `join(import.meta.dirname, 'x.ts')`. */
function isStartedByPath(file: string): boolean {
  const name = basename(file)
  return sources.some(
    other =>
      other !== file &&
      text
        .get(other)!
        .split('\n')
        .some(line => line.includes('import.meta.') && line.includes(`${name}'`)),
  )
}

describe('imports of the broker point one way', () => {
  /** Folders and files of `broker-image/src` that the files of a folder may import besides their own. */
  const MAY_IMPORT: { readonly [folder: string]: readonly string[] } = {
    wire: ['limits.ts'],
    routing: ['wire'],
    log: ['clock.ts', 'limits.ts', 'wire'],
    config: ['limits.ts', 'pattern'],
    definitions: ['limits.ts', 'pattern'],
    access: ['clock.ts', 'definitions', 'limits.ts', 'pattern', 'transport'],
    pattern: ['limits.ts'],
    transport: ['clock.ts', 'config', 'limits.ts'],
    queue: ['clock.ts', 'definitions', 'limits.ts', 'log', 'turn.ts', 'wire'],
    vhost: ['definitions', 'limits.ts', 'queue', 'routing', 'wire'],
    reports: ['clock.ts', 'config', 'definitions', 'limits.ts', 'queue', 'turn.ts', 'vhost', 'wire'],
    session: [
      'access',
      'alarms.ts',
      'broker.ts',
      'clock.ts',
      'config',
      'definitions',
      'limits.ts',
      'log',
      'open-port.ts',
      'queue',
      'reports',
      'routing',
      'transport',
      'turn.ts',
      'vhost',
      'wire',
    ],
    management: [
      'access',
      'clock.ts',
      'config',
      'definitions',
      'limits.ts',
      'log',
      'open-port.ts',
      'pattern',
      'queue',
      'reports',
      'resources.ts',
      'routing',
      'transport',
      'vhost',
      'wire',
    ],
  }

  test.each(Object.entries(MAY_IMPORT))('%s', (folder, allowed) => {
    const inside = shipped.filter(file => file.startsWith(`broker-image/src/${folder}/`))
    expect(inside).not.toEqual([])
    const wrong = inside.flatMap(file =>
      importsOf(file)
        .filter(path => ![folder, ...allowed].includes(path.split('/')[2]!))
        .map(path => `${file} imports ${path}`),
    )
    expect(wrong).toEqual([])
  })

  test('nobody but the program imports the management API', () => {
    const importers = shipped.filter(
      file => !file.includes('/management/') && importsOf(file).some(path => path.includes('/management/')),
    )
    expect(importers).toEqual(['broker-image/src/program.ts'])
  })
})

describe('imports of the operator', () => {
  const operator = shipped.filter(file => file.startsWith('operator/src/'))
  const within = (...folders: string[]): string[] =>
    operator.filter(file => folders.some(folder => file.startsWith(`operator/src/${folder}`)))

  test('what is decided purely knows no API server', () => {
    const pure = within('desired/', 'api/', 'plan.ts', 'compare.ts')
    const impure = pure.filter(
      file =>
        text.get(file)!.includes('client-node') ||
        importsOf(file).some(path => /operator\/src\/(cluster|runtime|local)\//.test(path)),
    )
    expect(impure).toEqual([])
  })

  test('the runtime knows nothing of brokers', () => {
    const wrong = within('runtime/')
      .flatMap(importsOf)
      .filter(path => /\/(api|desired|topology|broker-api)/.test(path))
    expect(wrong).toEqual([])
  })

  test('the two programs share no code, though a test may hold them together', () => {
    const other = (file: string): string => (file.startsWith('operator') ? 'broker-image' : 'operator')
    expect(shipped.filter(file => importsOf(file).some(path => path.startsWith(other(file))))).toEqual([])
  })
})

describe('the world comes into the broker through its seams', () => {
  /** What the core may not use, and the files that are the seams. */
  const SEAMS: { readonly [what: string]: readonly [use: RegExp, seams: readonly string[]] } = {
    'the time': [/\b(Date\.now|new Date\(\)|performance\.now)\b/, ['clock.ts']],
    timers: [/\b(setTimeout|setInterval)\b/, ['clock.ts']],
    chance: [/\b(Math\.random|randomInt)\b/, ['program.ts']],
    files: [
      /^import (?!type).*'node:fs/m,
      ['log/file-disk.ts', 'management/host-facts.ts', 'program.ts', 'resources.ts'],
    ],
    sockets: [
      /^import (?!type)(?!\{ type [^,]*\}).*'node:(net|tls|http)/m,
      [
        'config/tls-keys.ts',
        'listeners.ts',
        'session/listener.ts',
        'session/static-read.ts',
        'transport/address.ts',
        'transport/certificates.ts',
      ],
    ],
    'the process': [/\bprocess\.(env|exit|on)\b/, ['main.ts', 'program.ts']],
  }

  test.each(Object.entries(SEAMS))('%s', (_what, [use, seams]) => {
    const users = shipped.filter(file => file.startsWith('broker-image/') && use.test(code(file)))
    const allowed = seams.map(seam => `broker-image/src/${seam}`)
    expect(users.filter(file => !allowed.includes(file))).toEqual([])
  })
})

describe('every source has a test', () => {
  /** Sources without a test beside them, by the test that reaches them from outside. */
  const TESTED_BY: { readonly [test: string]: readonly string[] } = {
    'broker-image/test/transcripts/transcripts.test.ts': [
      'broker-image/src/bootstrap.ts',
      'broker-image/src/broker.ts',
      'broker-image/src/queue/',
      'broker-image/src/reports/',
      'broker-image/src/session/',
      'broker-image/src/vhost/',
      'broker-image/src/wire/property-names.ts',
    ],
    'broker-image/src/routing/picking.test.ts': ['broker-image/src/routing/binding-list.ts'],
    'broker-image/src/routing/consistent-hash.test.ts': [
      'broker-image/src/routing/hash.ts',
      'broker-image/src/routing/hashed-value.ts',
    ],
    'broker-image/test/interop/amqplib.test.ts': [
      'broker-image/src/main.ts',
      'broker-image/src/open-port.ts',
      'broker-image/src/program.ts',
      'broker-image/src/resources.ts',
      'broker-image/src/session/listener.ts',
    ],
    'broker-image/test/log/log-model.test.ts': ['broker-image/src/log/'],
    'broker-image/src/config/config.test.ts': ['broker-image/src/config/', 'broker-image/src/limits.ts'],
    'broker-image/src/access/access.test.ts': [
      'broker-image/src/access/access-refused.ts',
      'broker-image/src/definitions/passwords.ts',
    ],
    'broker-image/src/pattern/pattern.test.ts': ['broker-image/src/pattern/'],
    'broker-image/src/session/listener.test.ts': [
      'broker-image/src/listeners.ts',
      'broker-image/src/transport/address.ts',
      'broker-image/src/transport/origin.ts',
    ],
    'broker-image/src/session/tls.test.ts': ['broker-image/src/transport/tls-server.ts'],
    'broker-image/src/definitions/import.test.ts': ['broker-image/src/definitions/'],
    'broker-image/src/management/server.test.ts': ['broker-image/src/management/'],
    'broker-image/src/wire/codec.test.ts': ['broker-image/src/wire/methods.ts'],
    'operator/src/api/crd.test.ts': ['operator/src/api/'],
    'operator/src/cluster/objects.test.ts': ['operator/src/cluster/'],
    'operator/src/desired/children.test.ts': ['operator/src/desired/'],
    'operator/src/runtime/controller.test.ts': ['operator/src/runtime/'],
    'operator/src/reconcile-topology.test.ts': [
      'operator/src/topology/',
      'operator/src/elder.ts',
      'operator/src/policy-kind.ts',
      'operator/src/queue-kind.ts',
      'operator/src/user-kind.ts',
      'operator/src/schedule.ts',
    ],
    'operator/src/reconcile-cluster.test.ts': [
      'operator/src/apply.ts',
      'operator/src/cluster-status.ts',
      'operator/src/compare.ts',
      'operator/src/objects',
      'operator/src/observe.ts',
    ],
    'operator/src/main.test.ts': ['operator/src/log.ts', 'operator/src/operator.ts'],
    'operator/test/local-mode.test.ts': ['operator/src/local/'],
  }

  /** Types need no test. */
  const hasCode = (file: string): boolean => /^(export )?(async )?(function|class|const|let)\b/m.test(code(file))

  test('beside it, or one that is named here', () => {
    const covered = Object.values(TESTED_BY).flat()
    const untested = shipped.filter(
      file =>
        hasCode(file) &&
        !existsSync(join(root, file.replace(/\.ts$/, '.test.ts'))) &&
        !covered.some(prefix => file.startsWith(prefix)),
    )
    expect(untested).toEqual([])
  })

  test('and the list names only what exists', () => {
    const paths = Object.entries(TESTED_BY).flat(2)
    expect(paths.filter(path => !files.some(file => file.startsWith(path)))).toEqual([])
  })
})

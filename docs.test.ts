/** What the documents name is there: files, tests with their words, commands, and the differences from RabbitMQ. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { KNOWN_DIFFERENCES } from './broker-image/test/oracle/known-differences.ts'

const root = import.meta.dirname
const read = (file: string): string => readFileSync(join(root, file), 'utf8')
const documents = ['README.md', 'CONTRIBUTING.md', ...globSync('docs/**/*.md', { cwd: root })].sort()
const compatibility = read('docs/compatibility.md')

/** Where what a document names by its file alone may stand. */
const FOLDERS = [
  '',
  'docs',
  'broker-image',
  'broker-image/src',
  'broker-image/test/oracle',
  'broker-image/test/transcripts/testdata',
  'broker-image/test/sim',
  'broker-image/src/log',
  'broker-image/src/queue',
  'operator/src',
  'test-e2e',
]

function found(name: string): string[] {
  return FOLDERS.flatMap(folder => globSync(join(folder, name), { cwd: root }))
}

describe.each(documents)('%s', document => {
  const text = read(document)

  test('links to files that are there', () => {
    const targets = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, target]) => target!)
    expect(targets.filter(target => !existsSync(join(root, dirname(document), target)))).toEqual([])
  })

  test('names commands that make has', () => {
    const known = [...read('Makefile').matchAll(/^([a-z0-9-]+):/gm)].map(([, target]) => target)
    const named = [...text.matchAll(/(?:`|^)(?:[A-Z_]+=\S+ )*make ([a-z0-9-]+)/gm)].map(([, target]) => target)
    expect(named.filter(target => !known.includes(target))).toEqual([])
  })

  test('names tests that are there', () => {
    const tests = [...text.matchAll(/`([\w./*-]+\.(?:test|oracle|e2e|sim|fuzz)\.ts)`/g)].map(([, name]) => name!)
    expect(tests.filter(name => found(name).length === 0)).toEqual([])
  })
})

describe('docs/ARCHITECTURE.md', () => {
  const text = read('docs/ARCHITECTURE.md')
  const sources = globSync('{broker-image,operator}/src/**/*.ts', { cwd: root }).map(read)
  /** Declarations of functions, classes, constants and types. */
  const declares = (name: string): RegExp => new RegExp(`\\b(function|class|const|type|interface) ${name}\\b`)

  test('follows flows through functions that are there', () => {
    const now = text.split('\n').filter(line => !line.includes('**later**'))
    const names = now.flatMap(line => [
      ...line.matchAll(/`(?:new )?([A-Za-z]\w*[A-Z_]\w*|[A-Z][a-z]\w*)(?:\.(#?\w+))?`/g),
    ])
    const missing = names.filter(([, owner, member]) => {
      const owners = sources.filter(source =>
        /^[a-z]/.test(owner!) ? source.includes(owner!) : declares(owner!).test(source),
      )
      return !owners.some(source => member === undefined || source.includes(member))
    })
    expect(names.length).toBeGreaterThan(80)
    expect(missing.map(([whole]) => whole)).toEqual([])
  })

  test('names files that are there', () => {
    const files = [...text.matchAll(/`([\w./-]+\.ts)`/g)].map(([, name]) => name!)
    expect(files.filter(name => found(name).length === 0)).toEqual([])
  })

  test('says of every folder what is in it', () => {
    const folders = globSync('{broker-image,operator}/src/*/', { cwd: root }).map(folder => `…/${basename(folder)}/`)
    expect(folders.filter(folder => !text.includes(`\`${folder}\``))).toEqual([])
  })
})

describe('docs/compatibility.md', () => {
  const rows = compatibility.split('\n').filter(line => line.startsWith('| '))

  test('has a test for all that is served', () => {
    const section = compatibility.slice(compatibility.indexOf('## Methods'), compatibility.indexOf('### Keys without'))
    const served = section.split('\n').filter(line => /\| (served|stored) \|/.test(line))
    expect(served.length).toBeGreaterThan(50)
    expect(served.filter(row => !/`[\w./-]+\.(test\.ts|txt)`|amqplib/.test(row))).toEqual([])
  })

  test('names transcripts and probes that are there', () => {
    const scripts = rows.flatMap(row => [...row.matchAll(/`([\w./-]+\.txt)`/g)]).map(([, name]) => name!)
    expect(scripts.filter(name => found(name).length === 0)).toEqual([])
  })

  test('quotes tests by words that stand in them', () => {
    const quotes = rows.flatMap(row => [...row.matchAll(/`([\w./-]+\.(?:test\.ts|txt))`: ([^|`]+?)(?=;? `| \||$)/g)])
    const wrong = quotes.flatMap(([, name, words]) => {
      const text = found(name!).map(read).join()
      return words!.split('; ').filter(part => !text.includes(part))
    })
    expect(quotes.length).toBeGreaterThan(10)
    expect(wrong).toEqual([])
  })

  test('has every difference that the comparison with RabbitMQ knows, and no other', () => {
    const section = compatibility.slice(compatibility.indexOf('| difference | probes of |'))
    const told = section.split('\n\n')[0]!.split('\n').slice(2)
    const known = KNOWN_DIFFERENCES.map(({ reason, probes }) => `| ${reason} | ${Object.keys(probes).join(', ')} |`)
    expect(told.sort()).toEqual(known.sort())
  })
})

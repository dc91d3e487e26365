/** The operator's idea of rabbitmq.conf is the broker's: what it lets through, the broker takes. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { loadConfig } from '../../../broker-image/src/config/config.ts'
import { CONFIG_KEYS } from '../../../broker-image/src/config/config-keys.ts'
import { configProblem, KNOWN_KEYS, OWNED_KEYS } from './config-check.ts'

function brokerTakes(text: string): boolean {
  try {
    loadConfig({ argv: ['--config', 'c'], env: {}, readFile: () => text })
    return true
  } catch {
    return false
  }
}

test('every key of the broker is known here, or set by the operator', () => {
  const free = CONFIG_KEYS.map(({ key }) => key).filter(
    key => !OWNED_KEYS.some(owned => key === owned || key.startsWith(`${owned}.`)),
  )
  expect([...free].sort()).toEqual([...KNOWN_KEYS].sort())
})

test('what is let through, the broker takes, and what is not, it refuses', () => {
  const key = fc.oneof(fc.constantFrom(...KNOWN_KEYS), fc.constantFrom('nonsense', 'heartbeat.x', 'toString'))
  const value = fc.oneof(
    fc.constantFrom(
      '',
      'true',
      'on',
      'debug',
      'none',
      '0',
      '1',
      '0.4',
      '0.0',
      '-1',
      '65535',
      '65536',
      '5000',
      '131073',
    ),
    fc.constantFrom(
      '1GB',
      '1.5 GiB',
      '2kb',
      '3 tib',
      '4x',
      '1i',
      'MiB',
      "'quoted # value'",
      "'open",
      'x # comment',
      '# only',
      'a # cut \u2028 here',
      'a \u2028 b',
      `a${' '.repeat(2000)}b`,
    ),
    fc.string({ maxLength: 6 }).filter(text => !text.includes('\n') && !text.includes('\r')),
  )
  fc.assert(
    fc.property(key, value, (name, text) => {
      const config = `${name} = ${text}`
      expect(configProblem(config) === undefined, config).toBe(brokerTakes(config))
    }),
    { numRuns: 1000 },
  )
})

test.each([
  ['heartbeat = 30\n# comment\n\nchannel_max = 100', undefined],
  ['heartbeat 30', 'spec.config line 1: "heartbeat 30" is not of the form key = value: correct or remove it'],
  [
    '\nlisteners.tcp.default = 1',
    'spec.config line 2: listeners.tcp.default is set by the operator itself: remove the line',
  ],
  ['heartbeat = soon', 'spec.config line 1: heartbeat: expected a whole number from 0 to 65535'],
])('configuration %j is judged before it reaches a broker', (config, problem) => {
  expect(configProblem(config)).toBe(problem)
})

test('an unknown key is named, with the known ones', () => {
  expect(configProblem('heartbeet = 3')).toContain('unknown key heartbeet: correct or remove it; known are')
})

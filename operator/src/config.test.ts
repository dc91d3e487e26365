/** Where settings come from, and which are refused. */

import { describe, expect, it } from 'vitest'
import { ConfigError, helpText, parseConfig } from './config.ts'

describe('parseConfig', () => {
  it('takes a flag before the environment, and the environment before the default', () => {
    const environment = { WARREN_CONCURRENCY: '3', WARREN_LOG_LEVEL: 'debug', POD_NAMESPACE: 'warren-system' }
    expect(parseConfig(['--concurrency', '7'], environment)).toMatchObject({
      concurrency: 7,
      logLevel: 'debug',
      leaseNamespace: 'warren-system',
      leaderElection: true,
      healthPort: 8081,
      namespaces: [],
      kubeconfig: undefined,
    })
  })

  it('reads a list of namespaces', () => {
    expect(parseConfig(['--namespaces=a, b,'], {})).toMatchObject({ namespaces: ['a', 'b'] })
  })

  it('answers help before anything else is looked at', () => {
    expect(parseConfig(['--help', '--concurrency', 'x'], {})).toBe('help')
    expect(helpText()).toContain('--lease-namespace')
  })

  const refused: [string, string[], RegExp][] = [
    ['a number out of range', ['--concurrency', '0'], /--concurrency must be a whole number from 1 to 100, not "0"/],
    ['a port that is no number', ['--health-port', '80a'], /--health-port/],
    ['a truth that is none', ['--leader-election', 'yes'], /true or false, not "yes"/],
    ['an unknown level', ['--log-level', 'loud'], /debug, info, warn, error/],
    ['an unknown flag', ['--nonsense'], /--help/],
    ['an argument that is no flag', ['namespaces'], /--help/],
  ]
  it.each(refused)('refuses %s', (_name, argv, message) => {
    expect(() => parseConfig(argv, {})).toThrow(ConfigError)
    expect(() => parseConfig(argv, {})).toThrow(message)
  })
})

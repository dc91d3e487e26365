/** Ways to log in [SASL], by the names that clients and settings have for them. */
import type { Settings } from './settings.ts'

export const MECHANISMS = ['PLAIN', 'AMQPLAIN', 'EXTERNAL', 'ANONYMOUS'] as const

/** Offered where the settings name none. */
const USUAL: readonly string[] = ['AMQPLAIN', 'PLAIN']

/** Those that are in use, by name in the order of the alphabet. */
export function mechanismsOf({ authMechanisms, anonymousUser }: Readonly<Settings>): string[] {
  const named = Object.values(authMechanisms)
  const usual = anonymousUser === '' ? USUAL : [...USUAL, 'ANONYMOUS']
  return [...new Set(named.length === 0 ? usual : named)].sort()
}

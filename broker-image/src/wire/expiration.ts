/** The property `expiration`: milliseconds as text [RabbitMQ "Per-Message TTL"]. */
import { TTL_MS_MAX } from '../limits.ts'
import { ChannelError } from './errors.ts'

/** Milliseconds to live. @throws ChannelError 406 for a text that is no number of them, or a negative or too large one. */
export function expirationMs(text: string): number {
  const problem = problemOf(text)
  if (problem === undefined) return Number(text)
  throw new ChannelError('PRECONDITION_FAILED', `invalid expiration '${text}': ${problem}`)
}

/** Erlang's words. */
function problemOf(text: string): string | undefined {
  const [digits, rest] = [/^[+-]?[0-9]+/.exec(text)?.[0], text.replace(/^[+-]?[0-9]+/, '')]
  if (digits === undefined) return 'no_integer'
  if (rest !== '') return `{leftover_string,"${rest}"}`
  const ms = Number(digits)
  if (ms < 0) return `{value_negative,${ms}}`
  return ms > TTL_MS_MAX ? `{value_too_large,${BigInt(digits)}}` : undefined
}

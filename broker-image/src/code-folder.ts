/** Where compiled code is kept between starts. */
import { isAbsolute, join } from 'node:path'

/**
 * A folder of the user's own, as the XDG Base Directory Specification has it: whoever writes there decides what runs.
 * Undefined where the user has none. `NODE_COMPILE_CACHE`, Node's own way to name one, goes before it in Node itself.
 */
export function codeFolder(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const { XDG_CACHE_HOME: caches = '', HOME: home = '' } = env
  if (isAbsolute(caches)) return join(caches, 'warren-broker')
  return isAbsolute(home) ? join(home, '.cache', 'warren-broker') : undefined
}

/** The file of definitions that `load_definitions` names: taken in at every start, before anybody comes in. */
import { ConfigError } from '../config/config-error.ts'
import { parseJson } from '../definitions/json-values.ts'
import type { ManagedBroker } from './managed.ts'
import { takeInDefinitions } from './routes/definitions.ts'

type LoadingBroker = ManagedBroker & { readonly logger: { warn(text: string): void } }

/**
 * Does nothing where the configuration names no file. What is there already stays as it is, as with `/api/definitions`.
 * Throws `ConfigError` naming the file and what is wrong with it; then nothing was changed.
 */
export function loadDefinitions(broker: LoadingBroker, readFile: (path: string) => string): void {
  const { definitionsFile } = broker.config
  if (definitionsFile === '') return
  try {
    takeInDefinitions(broker, parseJson(readFile(definitionsFile)))
  } catch (error) {
    throw new ConfigError(`load_definitions = ${definitionsFile}: ${(error as Error).message}`)
  }
  if (broker.definitions.count('user') > 0) return
  broker.logger.warn(`load_definitions = ${definitionsFile}: there is no user, so that nobody can log in`)
}

/** The file of definitions that `load_definitions` names: taken in at every start, before anybody comes in. */
import { ConfigError } from '../config/config-error.ts'
import type { ManagedBroker } from './managed.ts'
import { takeInDefinitions } from './routes/definitions.ts'

/**
 * Does nothing where the configuration names no file. What is there already stays as it is, as with `/api/definitions`.
 * Throws `ConfigError` naming the file and what is wrong with it; then nothing was changed.
 */
export function loadDefinitions(broker: ManagedBroker, readFile: (path: string) => string): void {
  const { definitionsFile } = broker.config
  if (definitionsFile === '') return
  try {
    takeInDefinitions(broker, JSON.parse(readFile(definitionsFile)))
  } catch (error) {
    throw new ConfigError(`load_definitions = ${definitionsFile}: ${(error as Error).message}`)
  }
}

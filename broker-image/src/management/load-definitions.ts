/** The files of definitions that `load_definitions` names: taken in at every start, before anybody comes in. */
import { ConfigError } from '../config/config-error.ts'
import { parseJson } from '../definitions/json-values.ts'
import type { ManagedBroker } from './managed.ts'
import { takeInDefinitions } from './routes/definitions.ts'

type LoadingBroker = ManagedBroker & { readonly logger: { warn(text: string): void } }

/** A file of a name, and of one in a folder of files. */
export interface DefinitionsFile {
  readonly path: string
  readonly text: string
}

/**
 * Does nothing where the configuration names no file or folder. What is there already stays as it is, as with
 * `/api/definitions`. `readFiles` answers the file, or those of the folder in order; throws as `fs.readFileSync` does.
 * Throws `ConfigError` naming the file and what is wrong with it: nothing of it was taken in, but all of those before it.
 */
export function loadDefinitions(broker: LoadingBroker, readFiles: (path: string) => readonly DefinitionsFile[]): void {
  const { definitionsFile } = broker.config
  if (definitionsFile === '') return
  for (const { path, text } of attempt(definitionsFile, () => readFiles(definitionsFile))) {
    attempt(path, () => takeInDefinitions(broker, parseJson(text)))
  }
  if (broker.definitions.count('user') > 0) return
  broker.logger.warn(`load_definitions = ${definitionsFile}: there is no user, so that nobody can log in`)
}

function attempt<T>(path: string, what: () => T): T {
  try {
    return what()
  } catch (error) {
    throw new ConfigError(`load_definitions = ${path}: ${(error as Error).message}`)
  }
}

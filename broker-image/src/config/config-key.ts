/** A key of `rabbitmq.conf`, and the usual things that one does: put what the text says into a field of the settings. */

import type { Endpoint, Settings } from './settings.ts'
import { parseNone } from './value-parsers.ts'

export interface ConfigKey {
  /** A word in angle brackets stands for any name. */
  key: string
  doc: string
  /** As a user would write it; empty where nothing is set. */
  default: string
  /** Parses `text` into its field. `name` is what stands for that word. Throws `ConfigError`. */
  apply: (settings: Settings, text: string, name: string) => void
}

type Apply = (settings: Settings, text: string) => void
type Objects = 'certLogin' | 'managementTls' | 'defaultPermissions'
type Maps = 'amqpListeners' | 'amqpsListeners' | 'loopbackUsers'

/** What a key does that sets one field. */
export function field<F extends keyof Settings>(name: F, parse: (text: string) => Settings[F]): Apply {
  return (settings, text) => {
    settings[name] = parse(text)
  }
}

/** What a key does that sets one field of an object. */
export function part<O extends Objects, F extends keyof Settings[O]>(
  of: O,
  name: F,
  parse: (text: string) => Settings[O][F],
): Apply {
  return (settings, text) => {
    settings[of][name] = parse(text)
  }
}

/** What a key with a name in it does that sets the entry of that name. */
export function entry<V>(
  of: (settings: Settings) => { [name: string]: V },
  parse: (text: string) => V,
): ConfigKey['apply'] {
  return (settings, text, name) => {
    of(settings)[name] = parse(text)
  }
}

/** What a key does that takes `none` alone, and removes all entries. */
export function none(of: Maps): Apply {
  return (settings, text) => {
    parseNone(text)
    settings[of] = {}
  }
}

/** What a key does that says where the management API listens: it is wanted without TLS then. */
export function managementTcp<F extends keyof Endpoint>(name: F, parse: (text: string) => Endpoint[F]): Apply {
  return (settings, text) => {
    settings.management[name] = parse(text)
    settings.isManagementTcpWanted = true
  }
}

/** Rules over metadata.name beyond Kubernetes' own: CEL for the API server, the same as a predicate for local mode. */

export interface NameRule {
  /** CEL over `self`, the whole object. */
  cel: string
  /** Says what is wrong and what to do. */
  message: string
  holds(name: string): boolean
}

/** The longest name that leaves room for the suffixes of pods, Services and revisions in DNS labels of 63 characters. */
const NAME_MAX = 50

export const SHORT_NAME: NameRule = {
  cel: `self.metadata.name.size() <= ${NAME_MAX}`,
  message: `metadata.name must have at most ${NAME_MAX} characters: names of other objects are made from it`,
  holds: name => name.length <= NAME_MAX,
}

const LABEL = '^[a-z]([-a-z0-9]*[a-z0-9])?$'

/** A Service's name is a DNS label (RFC 1035): no dots, and a letter first. */
export const LABEL_NAME: NameRule = {
  cel: `self.metadata.name.matches('${LABEL}')`,
  message:
    'metadata.name must begin with a letter and hold only lower-case letters, digits and dashes: a Service is named after it',
  holds: name => new RegExp(LABEL).test(name),
}

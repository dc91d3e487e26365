/** Rules over a spec that a schema cannot say: CEL for the API server, the same as a predicate for local mode. */

/** `holds` is the TypeScript of `cel`; `before` is the spec that is being replaced, undefined at creation. */
export interface Rule<Spec> {
  /** CEL over `self` (and `oldSelf`: then the API server asks only on updates). */
  cel: string
  /** Says what is wrong and what to do. */
  message: string
  holds(spec: Spec, before: Spec | undefined): boolean
}

/** The field keeps the value it was created with. */
export function immutable<Spec extends object>(kind: string, field: keyof Spec & string): Rule<Spec> {
  return {
    cel: `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`,
    message: `spec.${field} cannot change: delete this ${kind} and create it again with the new value`,
    holds: (spec, before) => before === undefined || JSON.stringify(spec[field]) === JSON.stringify(before[field]),
  }
}

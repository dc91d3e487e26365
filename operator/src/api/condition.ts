/** Conditions as Kubernetes has them (metav1.Condition), and the three that kstatus reads. */

import { type Static, Type } from '@sinclair/typebox'
import { keyedList, oneOf } from './schema.ts'

/** `Ready` sums up; `Reconciling` = work goes on; `Stalled` = only a change by the user helps. */
export type ConditionType = 'Ready' | 'Reconciling' | 'Stalled'

const Condition = Type.Object(
  {
    type: Type.String({ maxLength: 316, description: 'What the condition is about: Ready, Reconciling or Stalled.' }),
    status: oneOf(['True', 'False', 'Unknown'], { description: 'Whether it is so.' }),
    observedGeneration: Type.Optional(
      Type.Integer({ minimum: 0, description: 'metadata.generation of the spec that this was said about.' }),
    ),
    lastTransitionTime: Type.String({ format: 'date-time', description: 'When status last changed.' }),
    reason: Type.String({
      minLength: 1,
      maxLength: 1024,
      pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$',
      description: 'One CamelCase word for programs.',
    }),
    message: Type.String({ maxLength: 32768, description: 'What people need to know, and to do.' }),
  },
  { description: 'One aspect of the state of the object.' },
)

export type Condition = Static<typeof Condition>

export const Conditions = Type.Array(
  Condition,
  keyedList(['type'], {
    maxItems: 8,
    description: 'Ready sums up; Reconciling means work goes on; Stalled means that only a change of the spec helps.',
  }),
)

export const ObservedGeneration = Type.Integer({
  minimum: 0,
  description: 'metadata.generation of the spec that this status is about.',
})

/** All kinds of the API. */

import { BROKER_CLUSTER } from './brokercluster.ts'
import type { KindDefinition } from './kind.ts'
import { POLICY } from './policy.ts'
import { QUEUE } from './queue.ts'
import { USER } from './user.ts'

export const KINDS: readonly KindDefinition[] = [BROKER_CLUSTER, QUEUE, POLICY, USER]

/** In whose name a request acts: what the broker tells of what it did. */
import type { FastifyInstance } from 'fastify'
import { NOBODY } from '../reports/reports.ts'
import type { ManagedBroker } from './managed.ts'

/** For as long as a handler runs without waiting: changes are made at once, and only the answer waits. */
export function nameActor(app: FastifyInstance, { reports }: ManagedBroker): void {
  app.addHook('preHandler', (request, _reply, done) => {
    if (request.user !== undefined) reports.actor = { user: request.user.name, name: '' }
    done()
    reports.actor = NOBODY
  })
}

/** /api/vhosts. */

import type { FastifyInstance } from 'fastify'
import { vhostFromJson } from '../../definitions/from-json.ts'
import type { VhostDefinition } from '../../definitions/model.ts'
import { vhostJson } from '../../definitions/to-json.ts'
import { canSee } from '../authorization.ts'
import { answerStable, bodyOf, createdStatus, type ManagementContext, param } from '../context.ts'
import { notFound } from '../http-error.ts'
import { sendList, sendOne } from '../lists.ts'
import { messageTotals, queueTotalsJson } from '../queue-views.ts'

export function vhostRoutes(app: FastifyInstance, context: ManagementContext): void {
  const { broker } = context
  const { definitions } = broker
  const view = (vhost: Readonly<VhostDefinition>) => ({
    ...vhostJson(vhost),
    cluster_state: { [broker.nodeName]: 'running' },
    ...queueTotalsJson(messageTotals(broker.vhosts.get(vhost.name)?.queues.values() ?? [])),
  })

  /** Who makes a virtual host may do everything there [RabbitMQ]. */
  const admit = (user: string, vhost: string) => {
    definitions.put('permission', { user, vhost, configure: '.*', write: '.*', read: '.*' }, { durable: true })
  }

  app.get('/api/vhosts', (request, reply) => {
    const visible = definitions.list('vhost').filter(({ name }) => canSee(broker, request, name))
    return sendList(request, reply, visible, view)
  })
  app.get('/api/vhosts/:vhost', (request, reply) => {
    const vhost = definitions.get('vhost', [param(request, 'vhost')])
    if (!vhost || !canSee(broker, request, vhost.name)) throw notFound()
    return sendOne(request, reply, view(vhost))
  })
  app.put('/api/vhosts/:vhost', { config: { role: 'administrator' } }, (request, reply) => {
    const name = param(request, 'vhost')
    const previous = definitions.get('vhost', [name])
    broker.createVhost(vhostFromJson(name, bodyOf(request), previous))
    if (previous === undefined && request.user !== undefined) admit(request.user.name, name)
    return answerStable(context, reply, createdStatus(previous === undefined))
  })
  app.delete('/api/vhosts/:vhost', { config: { role: 'administrator' } }, (request, reply) => {
    const name = param(request, 'vhost')
    if (!definitions.get('vhost', [name])) throw notFound()
    broker.deleteVhost(name)
    return answerStable(context, reply, 204)
  })
}

/** Which methods a path has, asked when none of them was meant [RabbitMQ management answers 405 then, and 404 else]. */

import type { FastifyInstance } from 'fastify'

export class KnownPaths {
  /** Patterns in their parts, where `:name` stands for any. */
  readonly #routes: { readonly parts: readonly string[]; readonly methods: readonly string[] }[] = []

  /** Learns of all routes that are added from now on. */
  constructor(app: FastifyInstance) {
    app.addHook('onRoute', ({ url, method }) => {
      this.#routes.push({ parts: url.split('/'), methods: [method].flat() })
    })
  }

  /** The methods of a path, without its query; none for an unknown one. */
  methodsOf(path: string): string[] {
    const given = path.replace(/\/$/, '').split('/')
    const isMeant = (parts: readonly string[]) =>
      parts.length === given.length && parts.every((part, at) => part === given[at] || part.startsWith(':'))
    return [...new Set(this.#routes.filter(({ parts }) => isMeant(parts)).flatMap(({ methods }) => methods))].sort()
  }
}

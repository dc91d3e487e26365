/** The reflector's transport over HTTP. */

import type { ListPage, WatchTransport } from '../runtime/watch-transport.ts'
import type { ApiHttp } from './http.ts'

export function watchTransport(http: ApiHttp): WatchTransport {
  return {
    async list(path, query, signal) {
      return (await http.request({ method: 'GET', path, query, signal })) as ListPage
    },
    watch: (path, query, signal) => http.lines(path, query, signal),
  }
}

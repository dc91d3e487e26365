/** What a path's methods are. */
import fastify from 'fastify'
import { expect, test } from 'vitest'
import { KnownPaths } from './known-paths.ts'

test.each([
  ['/api/things', ['GET', 'HEAD']],
  ['/api/things/', ['GET', 'HEAD']],
  ['/api/things/a%2Fb', ['DELETE', 'PUT']],
  ['/api/things/a/parts', ['POST']],
  ['/api/things/a/others', []],
  ['/api', []],
  ['/', []],
])('%s has the methods %j', (path, methods) => {
  const app = fastify()
  const paths = new KnownPaths(app)
  app.get('/api/things', () => {})
  app.put('/api/things/:thing', () => {})
  app.delete('/api/things/:thing', () => {})
  app.post('/api/things/:thing/parts', () => {})
  expect(paths.methodsOf(path)).toEqual(methods)
})

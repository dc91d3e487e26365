/** The service account of a pod: files as the kubelet mounts them, read again when they may have been renewed. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connectionOf } from './choose-connection.ts'
import { podConnection } from './pod-connection.ts'

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'warren-account-'))
  writeFileSync(join(directory, 'token'), 'first\n')
  writeFileSync(join(directory, 'ca.crt'), 'authority')
})

afterEach(() => rmSync(directory, { recursive: true }))

describe('podConnection', () => {
  const environment = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '6443' }

  it('goes to the service of the API with the mounted token and authority', async () => {
    const connection = podConnection(environment, directory)
    expect(connection.server.href).toBe('https://10.96.0.1:6443/')
    expect(await connection.authorize('request')).toMatchObject({
      ca: 'authority',
      headers: { authorization: 'Bearer first' },
    })
  })

  it('puts an IPv6 address in brackets', () => {
    const connection = podConnection({ ...environment, KUBERNETES_SERVICE_HOST: 'fd00::1' }, directory)
    expect(connection.server.href).toBe('https://[fd00::1]:6443/')
  })

  it('keeps watches off the connections of requests', async () => {
    const connection = podConnection(environment, directory)
    const [request, watch] = await Promise.all([connection.authorize('request'), connection.authorize('watch')])
    expect(request.agent).not.toBe(watch.agent)
  })

  it('raises when nothing is mounted', async () => {
    const connection = podConnection(environment, join(directory, 'none'))
    await expect(connection.authorize('request')).rejects.toThrow('ENOENT')
  })
})

describe('connectionOf', () => {
  it('takes the pod when it runs in one and no kubeconfig is named', async () => {
    const connection = await connectionOf(undefined, { KUBERNETES_SERVICE_HOST: '10.96.0.1' })
    expect(connection.server.host).toBe('10.96.0.1')
  })

  it('takes a named kubeconfig first', async () => {
    const path = join(directory, 'kubeconfig')
    const clusters = [{ name: 'c', cluster: { server: 'https://example.test:6443' } }]
    const contexts = [{ name: 'x', context: { cluster: 'c', user: 'u' } }]
    const users = [{ name: 'u', user: { token: 'from-file' } }]
    writeFileSync(path, JSON.stringify({ clusters, contexts, users, 'current-context': 'x' }))
    const connection = await connectionOf(path, { KUBERNETES_SERVICE_HOST: '10.96.0.1' })
    expect(connection.server.host).toBe('example.test:6443')
    expect(await connection.authorize('request')).toMatchObject({ headers: { Authorization: 'Bearer from-file' } })
  })
})

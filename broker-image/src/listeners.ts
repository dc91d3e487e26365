/** Every port of the broker: AMQP and its management API, each with and without TLS. */
import { createServer as createHttpsServer } from 'node:https'
import type { Server } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Broker } from './broker.ts'
import type { Endpoint } from './config/settings.ts'
import type { TlsSettings } from './config/tls-settings.ts'
import { HTTP_REQUEST_MS_MAX } from './limits.ts'
import { type Listening, openPort } from './open-port.ts'
import { createAmqpListener } from './session/listener.ts'
import { Certificates } from './transport/certificates.ts'
import { keepUpToDate, negotiationOf, refusalOf, tlsOptions } from './transport/tls-server.ts'

export interface Listeners {
  readonly listening: readonly Listening[]
  /** Takes up changed certificate files now, not with the next look at them. */
  reloadCertificates(): void
  /** Closes the doors; `gone` of the answer resolves when the last AMQP client has left. */
  close(): Promise<{ gone: Promise<unknown> }>
}

/** A server, where it listens, and how it stops. */
interface Door {
  readonly protocol: Listening['protocol']
  readonly server: Server
  readonly endpoint: Endpoint
  readonly certificates: Certificates | undefined
  readonly close: () => Promise<void>
}

export interface ListenersOptions {
  readonly broker: Broker
  readonly management: FastifyInstance
  /** Text of a certificate file. Throws as `fs.readFileSync` does. */
  readonly readFile: (path: string) => string
}

/** Opens all ports that the configuration names. Throws `CertificateError`; rejects with what the system refuses. */
export async function openListeners(options: ListenersOptions): Promise<Listeners> {
  const { broker, management } = options
  const { config } = broker
  const wantsTls = Object.keys(config.amqpsListeners).length > 0
  const ofAmqp = wantsTls ? [watched(options, 'ssl_options', config.tls)] : []
  const ofHttp =
    config.managementTls.port === undefined ? [] : [watched(options, 'management.ssl', config.managementTls)]
  const certificates = [...ofAmqp, ...ofHttp]
  const amqp = [...amqpDoors(broker), ...ofAmqp.flatMap(some => amqpDoors(broker, some))]
  const http = [...httpDoors(broker, management), ...ofHttp.map(some => httpsDoor(broker, management, some))]
  const listening = await Promise.all([...amqp, ...http].map((door, _at, all) => open(door, all)))
  return {
    listening,
    reloadCertificates: () => {
      for (const some of certificates) some.reload()
    },
    close: async () => {
      for (const some of certificates) some.stop()
      const gone = Promise.all(amqp.map(door => door.close()))
      await Promise.all(http.map(door => door.close()))
      return { gone }
    },
  }
}

function watched({ broker, readFile }: ListenersOptions, prefix: string, settings: TlsSettings): Certificates {
  const { clock, logger: log } = broker
  const certificates = new Certificates({
    settings,
    prefix,
    negotiation: negotiationOf(settings),
    clock,
    log,
    readFile,
  })
  certificates.watch()
  return certificates
}

function amqpDoors(broker: Broker, certificates?: Certificates): Door[] {
  const { amqpListeners, amqpsListeners } = broker.config
  const protocol = certificates === undefined ? 'amqp' : 'amqp/ssl'
  return Object.values(certificates === undefined ? amqpListeners : amqpsListeners).map(endpoint => {
    const listener = createAmqpListener(broker, certificates)
    return { protocol, server: listener.server, endpoint, certificates, close: () => listener.close() }
  })
}

/** With TLS alone configured, nothing listens without it, as in RabbitMQ. */
function httpDoors({ config }: Broker, management: FastifyInstance): Door[] {
  if (config.managementTls.port !== undefined && !config.isManagementTcpWanted) return []
  const { server } = management
  const close = async (): Promise<void> => {
    await management.close()
  }
  return [{ protocol: 'http', server, endpoint: config.management, certificates: undefined, close }]
}

function httpsDoor({ config }: Broker, management: FastifyInstance, certificates: Certificates): Door {
  const { host, port = 0 } = config.managementTls
  const options = { ...tlsOptions(certificates, config.tlsHandshakeTimeoutMs), requestTimeout: HTTP_REQUEST_MS_MAX }
  const server = createHttpsServer(options, management.routing)
  keepUpToDate(server, certificates)
  server.prependListener('secureConnection', socket => {
    if (refusalOf(socket, certificates) !== undefined) socket.destroy()
  })
  const close = async (): Promise<void> => {
    server.close()
    server.closeAllConnections()
  }
  return { protocol: 'https', server, endpoint: { host, port }, certificates, close }
}

async function open({ protocol, server, endpoint, certificates }: Door, all: readonly Door[]): Promise<Listening> {
  const { address, port } = await openPort(server, { ...endpoint, ipv6Only: isSharedWithIpv4(endpoint, all) })
  const opened = { protocol, address, port }
  return certificates === undefined ? opened : { ...opened, validToMs: () => certificates.validToMs }
}

/** The port is named for IPv4 as well: IPv6 must not take both. */
function isSharedWithIpv4({ host, port }: Endpoint, all: readonly Door[]): boolean {
  return host === '::' && all.some(({ endpoint }) => endpoint.port === port && endpoint.host?.includes('.') === true)
}

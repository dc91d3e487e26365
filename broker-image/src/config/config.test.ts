/** What a broker may be started with, and how it refuses the rest. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ConfigSources, loadConfig } from './config.ts'
import { CONFIG_KEYS } from './config-keys.ts'
import { FLAGS, printedAnswer } from './flags.ts'
import { IGNORED_KEYS } from './ignored-keys.ts'
import { editDistance, nearest } from './nearest.ts'
import { defaultSettings, watermarkBytes } from './settings.ts'
import { parseBytes } from './value-parsers.ts'

/** What a listener with TLS cannot do without. */
const TLS = 'listeners.ssl.default = 5671\nssl_options.certfile = c\nssl_options.keyfile = k\n'

function load(file: string, extra: Partial<ConfigSources> & { files?: Record<string, string> } = {}) {
  const files: Record<string, string> = { 'rabbitmq.conf': file, ...extra.files }
  return loadConfig({
    argv: extra.argv ?? ['--config', 'rabbitmq.conf'],
    env: extra.env ?? {},
    readFile: path => {
      const text = files[path]
      if (text === undefined) throw new Error('ENOENT')
      return text
    },
  })
}

describe('configuration file', () => {
  test('an empty file means the defaults', () => {
    const config = load('')
    expect(config).toMatchObject({ ...defaultSettings(), clusterName: config.nodeName })
    expect(config.dataDirectory).toBe('warren-data')
  })

  test('the default text of every key parses to the default settings', () => {
    const lines = CONFIG_KEYS.filter(key => key.default !== '').map(
      ({ key, default: text }) => `${key.replace('<name>', placeholderFor(key))} = ${text}`,
    )
    const config = load(lines.join('\n'))
    expect(config).toEqual({ ...load(''), isManagementTcpWanted: true, places: config.places })
  })

  test('reads comments, blank lines, quotes and carriage returns', () => {
    const config = load("# head\r\n\r\ndefault_pass = 'a#b' # why\r\n  heartbeat=7\r\ncluster_name = x y # z\r\n")
    expect(config).toMatchObject({ defaultPass: 'a#b', heartbeatSeconds: 7, clusterName: 'x y' })
  })

  test('the last line of a key wins', () => {
    expect(load('heartbeat = 1\nheartbeat = 2').heartbeatSeconds).toBe(2)
  })

  test.each([
    ['listeners.tcp.default = 127.0.0.1:5673', { amqpListeners: { default: { host: '127.0.0.1', port: 5673 } } }],
    ['listeners.tcp = none\nlisteners.tcp.6 = [::1]:1', { amqpListeners: { 6: { host: '::1', port: 1 } } }],
    ['listeners.tcp.any = :::5672', { amqpListeners: { any: { host: '::', port: 5672 } } }],
    ['management.tcp.port = 1\nmanagement.tcp.ip = 10.0.0.1', { management: { host: '10.0.0.1', port: 1 } }],
    ['loopback_users = none', { loopbackUsers: {} }],
    ['loopback_users.guest = false\nloopback_users.a.b = true', { loopbackUsers: { guest: false, 'a.b': true } }],
    ['default_user_tags.administrator = false', { defaultUserTags: { administrator: false } }],
    ['default_permissions.read = ^x$', { defaultPermissions: { configure: '.*', write: '.*', read: '^x$' } }],
    ['log.console.level = warning', { logLevel: 'warn' }],
    ['log.console = false', { isConsoleLogOn: false }],
    ['vm_memory_high_watermark.relative = 0.6', { memoryHighWatermark: { relative: 0.6 } }],
    ['vm_memory_high_watermark.absolute = 512MiB', { memoryHighWatermark: { absoluteBytes: 536_870_912 } }],
    ['disk_free_limit.absolute = 2GB', { diskFreeLimit: { absoluteBytes: 2_000_000_000 } }],
    ['disk_free_limit.relative = 1.5', { diskFreeLimit: { relative: 1.5 } }],
    ['product.name = Warren\nproduct.version = 1', { productName: 'Warren', productVersion: '1' }],
    [
      'management.product_name = Warren\nmanagement.product_version = 1',
      { productName: 'Warren', productVersion: '1' },
    ],
    ['channel_max = 0\nframe_max = 0', { channelMax: 2047, frameBytesMax: 131_072 }],
    ['listeners.tcp.a = [fe80::1%eth0]:1', { amqpListeners: { a: { host: 'fe80::1%eth0' } } }],
    ['listeners.tcp.a = localhost:1', { amqpListeners: { a: { host: 'localhost', port: 1 } } }],
    ['load_definitions = /a/b.json', { definitionsFile: '/a/b.json' }],
    ['definitions.import_backend = local_filesystem\ndefinitions.local.path = /a', { definitionsFile: '/a' }],
    ['connection_max = 7\nhandshake_timeout = 8', { connectionMax: 7, handshakeTimeoutMs: 8 }],
    ['proxy_protocol = on\nssl_handshake_timeout = 9', { isProxied: true, tlsHandshakeTimeoutMs: 9 }],
    [`${TLS}ssl_options.password = p`, { amqpsListeners: { default: { port: 5671 } }, tls: { password: 'p' } }],
    [`${TLS}ssl_options.depth = 0`, { tls: { isSignerListed: true } }],
    [`${TLS}ssl_options.versions.1 = tlsv1.3`, { tls: { certFile: 'c', versions: { 1: 'TLSv1.3' } } }],
    [
      `${TLS}ssl_options.sni.*.Example.com.certfile = a\nssl_options.sni.*.example.com.keyfile = b`,
      { tls: { sni: { '*.example.com': { certFile: 'a', keyFile: 'b' } } } },
    ],
    [
      `${TLS}ssl_options.cacertfile = ca\nssl_options.verify = verify_peer\nssl_options.fail_if_no_peer_cert = true`,
      { tls: { caFile: 'ca', isPeerVerified: true, isPeerCertRequired: true } },
    ],
    [
      'management.ssl.port = 1\nmanagement.ssl.certfile = c\nmanagement.ssl.keyfile = k\nmanagement.ssl.ip = ::1',
      { isManagementTcpWanted: false, managementTls: { host: '::1', port: 1, certFile: 'c', keyFile: 'k' } },
    ],
    ['auth_mechanisms.1 = EXTERNAL\nauth_mechanisms.2 = PLAIN', { authMechanisms: { 1: 'EXTERNAL', 2: 'PLAIN' } }],
    ['anonymous_login_user = joe\nanonymous_login_pass = x', { anonymousUser: 'joe', anonymousPass: 'x' }],
    [
      'ssl_cert_login_from = subject_alt_name\nssl_cert_login_san_type = email\nssl_cert_login_san_index = 1',
      { certLogin: { from: 'subject_alternative_name', sanType: 'email', sanIndex: 1 } },
    ],
  ])('%s', (file, expected) => {
    expect(load(file)).toMatchObject(expected)
  })

  test.each([
    ['heartbeet = 1', 'rabbitmq.conf:1: unknown key "heartbeet"; the nearest known key is "heartbeat"'],
    ['loopbak_users.bob = true', '"loopbak_users.bob"; the nearest known key is "loopback_users.bob"'],
    ['\n\nheartbeat = 1s', 'rabbitmq.conf:3: heartbeat = 1s: expected a whole number from 0 to 65535'],
    ['heartbeat', 'rabbitmq.conf:1: expected "key = value", found "heartbeat"'],
    ['listeners.tcp = all', 'expected none'],
    ['listeners.tcp.default = amqp', 'expected a port, or an address and a port'],
    ['listeners.tcp.default = 65536', 'expected a whole number from 0 to 65535'],
    ['loopback_users.bob = maybe', 'expected true or false'],
    ['default_user =', 'expected a name, found nothing'],
    ['default_permissions.write = (', 'expected a regular expression'],
    ['log.console.level = loud', 'expected debug, info, warning, error, critical or none'],
    ['vm_memory_high_watermark.absolute = 5XB', 'expected a size such as 512MiB'],
    ['vm_memory_high_watermark.relative = 0', 'expected a number above 0'],
    ['frame_max = 4095', 'expected a whole number from 4096 to 131072'],
    ['channel_max = 2048', 'expected a whole number from 1 to 2047'],
    ['\nlisteners.tcp.a = 10.0.0.300:5672', 'rabbitmq.conf:2: listeners.tcp.a = 10.0.0.300:5672: expected an address'],
    ['listeners.tcp.a = no host:5672', 'expected an address such as 127.0.0.1 or ::1, or a host name'],
    ['listeners.tcp.a = [::g]:5672', 'expected an address'],
    ['management.tcp.ip = 1.2.3', 'rabbitmq.conf:1: management.tcp.ip = 1.2.3: expected an address'],
    ['management.ssl.ip = a/b', 'expected an address'],
    ['auth_ldap.dn_lookup = x', 'unknown key "auth_ldap.dn_lookup"; --help lists all'],
    ['max_message_size = 134217729', 'expected a whole number from 1 to 134217728'],
    ['listeners.ssl.default = 5671', 'listeners.ssl needs ssl_options.certfile'],
    ['listeners.ssl.a = 1\nssl_options.certfile = c', 'listeners.ssl needs ssl_options.keyfile'],
    [`${TLS}ssl_options.sni.a.b.certfile = c`, 'listeners.ssl needs ssl_options.sni.a.b.keyfile'],
    [`${TLS}ssl_options.verify = verify_peer`, 'ssl_options.verify = verify_peer needs ssl_options.cacertfile'],
    [`${TLS}ssl_options.fail_if_no_peer_cert = true`, 'needs ssl_options.verify = verify_peer'],
    [`${TLS}ssl_options.versions.1 = tlsv1.1`, 'expected tlsv1.2 or tlsv1.3; older versions are not safe'],
    [`${TLS}ssl_options.depth = 2`, 'expected 0, with all who may sign client certificates'],
    [`${TLS}ssl_options.ciphers.1 = RC5`, 'expected a cipher suite'],
    [`${TLS}ssl_options.secure_renegotiate = false`, 'expected true, there is nothing else'],
    ['ssl_options.cacertfil = x', 'the nearest known key is "ssl_options.cacertfile"'],
    ['management.ssl.port = 1', 'management.ssl.port needs management.ssl.certfile'],
    ['auth_mechanisms.1 = SCRAM', 'expected PLAIN, AMQPLAIN, EXTERNAL or ANONYMOUS'],
    ['auth_mechanisms.1 = ANONYMOUS', 'ANONYMOUS needs anonymous_login_user'],
    ['definitions.import_backend = https', 'expected local_filesystem: fetch the file first'],
    ['connection_max = many', 'expected a whole number, or infinity'],
  ])('%j refuses to start and says why', (file, message) => {
    expect(() => load(file)).toThrow(message)
  })

  test('the backend of users is the broker itself, and a file that names another one does not start', () => {
    expect(load('auth_backends.1 = internal').warnings).toEqual([])
    expect(() => load('auth_backends.1 = ldap')).toThrow('expected internal')
  })

  test.each(IGNORED_KEYS)('%s is passed over with one warning that names it', known => {
    const key = known.endsWith('.') ? `${known}any` : known
    const config = load(`\n${key} = 1`)
    expect(config).toEqual({ ...load(''), warnings: [`rabbitmq.conf:2: ${key} has no effect here`] })
  })

  test.each([
    ['ssl_options.certfile = c', 'ssl_options has no effect without listeners.ssl'],
    ['ssl_options.verify = verify_peer', 'ssl_options has no effect without listeners.ssl'],
    ['management.ssl.keyfile = k', 'management.ssl has no effect without management.ssl.port'],
  ])('%s alone is warned of', (file, warning) => {
    expect(load(file).warnings).toEqual([`${warning}: nothing listens with TLS`])
    expect(load(TLS).warnings).toEqual([])
  })

  test('can not be changed afterwards', () => {
    const config = load('')
    expect(() => Object.assign(config.management, { port: 1 })).toThrow(TypeError)
  })
})

describe('flags and environment', () => {
  test('a flag wins over its variable, and a variable over the file', () => {
    const env = { WARREN_CONFIG_FILE: 'rabbitmq.conf', WARREN_AMQP_PORT: '2', WARREN_MANAGEMENT_PORT: '3' }
    const config = load('listeners.tcp.default = 1\nmanagement.tcp.port = 1', { argv: ['--amqp-port=4'], env })
    expect([config.amqpListeners['default']?.port, config.management.port]).toEqual([4, 3])
  })

  test('the default user and its password come from files', () => {
    const env = { WARREN_DEFAULT_USER_FILE: 'u', WARREN_DEFAULT_PASS_FILE: 'p' }
    const config = load('', { argv: [], env, files: { u: 'admin\n', p: ' s3cret' } })
    expect([config.defaultUser, config.defaultPass]).toEqual(['admin', ' s3cret'])
  })

  test('the host holds for every listener', () => {
    const config = load('listeners.tcp.second = 1', { argv: ['--config=rabbitmq.conf', '--host', '127.0.0.1'] })
    expect([...Object.values(config.amqpListeners), config.management].map(({ host }) => host)).toEqual(
      Array(3).fill('127.0.0.1'),
    )
  })

  test('the node is named after the host unless told otherwise, and the cluster after the node', () => {
    expect(load('').nodeName).toMatch(/^warren@.+/)
    expect(load('', { argv: ['--node-name', 'warren@a'] }).clusterName).toBe('warren@a')
  })

  test.each([
    [['--amqp-prt', '1'], 'unknown flag --amqp-prt; the nearest known flag is --amqp-port'],
    [['--amqp-port'], '--amqp-port: expected PORT after it'],
    [['--amqp-port', 'x'], '--amqp-port (WARREN_AMQP_PORT): x: expected a whole number'],
    [['run'], 'unexpected argument run'],
    [['--config', 'missing.conf'], "--config: can't read missing.conf: ENOENT"],
    [['--default-pass-file', 'missing'], "--default-pass-file: can't read missing"],
  ])('%j is refused', (argv, message) => {
    expect(() => load('', { argv })).toThrow(message)
  })

  test('help lists every flag, variable and key', () => {
    const help = printedAnswer(['--help'], '1.2.3') ?? ''
    for (const { name, env } of FLAGS) expect(help).toMatch(new RegExp(`--${name} .*${env}`))
    for (const { key } of CONFIG_KEYS) expect(help).toContain(key)
    expect(printedAnswer(['--version'], '1.2.3')).toBe('warren-broker 1.2.3\n')
    expect(printedAnswer([], '1.2.3')).toBeUndefined()
  })
})

test.each([
  ['1', 1],
  ['1k', 1024],
  ['1KiB', 1024],
  ['1kB', 1000],
  ['1.5GiB', 1_610_612_736],
  ['2 MB', 2_000_000],
  ['1Ti', 2 ** 40],
])('%s is %d bytes', (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes)
})

test('a relative watermark is a share of the whole', () => {
  expect(watermarkBytes({ relative: 0.4 }, 1001)).toBe(400)
  expect(watermarkBytes({ absoluteBytes: 7 }, 1001)).toBe(7)
})

test('the edit distance is zero for equals, symmetric, and at most the longer length', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
      expect(editDistance(a, a)).toBe(0)
      expect(editDistance(a, b)).toBe(editDistance(b, a))
      expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length))
    }),
  )
  expect(nearest('kitten', ['mitten', 'sitting'])).toBe('mitten')
})

function placeholderFor(key: string): string {
  if (key.startsWith('loopback_users')) return 'guest'
  return key.startsWith('default_user_tags') ? 'administrator' : 'default'
}

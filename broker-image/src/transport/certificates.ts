/**
 * Certificates of TLS listeners as they are on disk now. A change of the files is taken up without a restart: Kubernetes
 * renews a mounted Secret by another link to its folder, so what is compared is what the files hold.
 */
import { X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import type { Clock, Timer } from '../clock.ts'
import type { CertificateFiles, TlsSettings } from '../config/tls-settings.ts'
import { CERTIFICATE_POLL_MS } from '../limits.ts'

/** Told what became of a change. */
export interface CertificateLog {
  info(facts: object, text: string): void
  warn(facts: object, text: string): void
  error(facts: object, text: string): void
}

/** Certificates that do not work; the message names the file. */
export class CertificateError extends Error {}

/** A private key and what vouches for it, ready for use. */
interface Pair {
  readonly options: SecureContextOptions
  readonly context: SecureContext
  readonly certFile: string
  readonly validFromMs: number
  readonly validToMs: number
}

interface Loaded {
  readonly authorities: readonly X509Certificate[]
  readonly main: Pair
  readonly byHost: ReadonlyMap<string, Pair>
}

export interface CertificatesOptions {
  readonly settings: TlsSettings
  /** What the keys of the settings begin with, for errors. */
  readonly prefix: string
  /** What listeners negotiate, the same with every certificate. */
  readonly negotiation: SecureContextOptions
  readonly clock: Clock
  /** Text of the file at a path. Throws as `fs.readFileSync` does. */
  readonly readFile: (path: string) => string
  readonly log: CertificateLog
}

export class Certificates {
  readonly settings: TlsSettings
  readonly #options: CertificatesOptions
  readonly #listeners: ((options: SecureContextOptions) => void)[] = []
  #loaded: Loaded
  /** What was read last, good or bad: bad files are looked into once. */
  #seen: readonly string[]
  /** The files that were read last are good but for the time in which they hold: that may pass. */
  #isUntimely = false
  /** What was said last of files that can't be read, or do not hold now. */
  #complaint: string | undefined
  #poll: Timer | undefined

  /** Throws `CertificateError` when the files are no certificates, or do not belong together. */
  constructor(options: CertificatesOptions) {
    this.settings = options.settings
    this.#options = options
    this.#seen = readAll(options)
    this.#loaded = load(options, this.#seen)
    const reason = untimely(this.#loaded, options.clock.now())
    if (reason !== undefined) options.log.warn({ reason }, 'a certificate does not hold now: clients will refuse it')
  }

  /** For clients that ask for no host, or for one without a certificate of its own. */
  get main(): SecureContextOptions {
    return this.#loaded.main.options
  }

  /** Who may sign a client's certificate. */
  get authorities(): readonly X509Certificate[] {
    return this.#loaded.authorities
  }

  /** Milliseconds since 1970 at which the first of the certificates ends. */
  get validToMs(): number {
    return Math.min(...[this.#loaded.main, ...this.#loaded.byHost.values()].map(pair => pair.validToMs))
  }

  /** For clients that ask for the host by name [RFC 6066]; undefined where it has none of its own. */
  contextFor(host: string): SecureContext | undefined {
    const name = host.toLowerCase()
    const pair = this.#loaded.byHost.get(name) ?? this.#loaded.byHost.get(name.replace(/^[^.]+/, '*'))
    return pair?.context
  }

  /** Calls `listener` with each new main certificate. */
  onChange(listener: (options: SecureContextOptions) => void): void {
    this.#listeners.push(listener)
  }

  /** Looks for changes from now on. */
  watch(): void {
    this.#poll = this.#options.clock.after(CERTIFICATE_POLL_MS, () => {
      this.reload()
      this.watch()
    })
  }

  stop(): void {
    this.#poll?.cancel()
  }

  /** Takes up what the files hold now. Files that do not work leave everything as it was. */
  reload(): void {
    const { log, settings } = this.#options
    try {
      const texts = readAll(this.#options)
      if (!this.#isUntimely) this.#complaint = undefined
      if (isSame(texts, this.#seen) && !this.#isUntimely) return
      this.#take(texts)
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error
      this.#complain(error.message)
      return
    }
    for (const listener of this.#listeners) listener(this.main)
    const validTo = new Date(this.validToMs).toISOString()
    log.info({ certificate: settings.certFile, validTo }, 'new certificates are in use')
  }

  #take(texts: readonly string[]): void {
    this.#seen = texts
    this.#isUntimely = false
    const loaded = load(this.#options, texts)
    const reason = untimely(loaded, this.#options.clock.now())
    this.#isUntimely = reason !== undefined
    if (reason !== undefined) throw new CertificateError(reason)
    this.#loaded = loaded
    this.#complaint = undefined
  }

  /** Files that stay as bad as they are are spoken of once. */
  #complain(reason: string): void {
    if (reason !== this.#complaint) {
      this.#options.log.error({ reason }, 'the certificate files do not work: the old ones stay in use')
    }
    this.#complaint = reason
  }
}

/** Which certificate does not hold at a time, and when it does; undefined when all hold. */
function untimely({ main, byHost }: Loaded, nowMs: number): string | undefined {
  const pair = [main, ...byHost.values()].find(({ validFromMs, validToMs }) => nowMs < validFromMs || nowMs > validToMs)
  if (pair === undefined) return undefined
  const [from, to] = [pair.validFromMs, pair.validToMs].map(timeMs => new Date(timeMs).toISOString())
  return `${pair.certFile} holds from ${from} to ${to}`
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.every((text, at) => text === others[at])
}

function filesOf({ certFile, keyFile, sni }: TlsSettings): CertificateFiles[] {
  return [{ certFile, keyFile }, ...Object.values(sni)]
}

/** The CA, then certificate and key of each pair. */
function readAll({ settings, readFile }: CertificatesOptions): string[] {
  const read = (path: string): string => {
    try {
      return readFile(path)
    } catch (error) {
      throw new CertificateError(`cannot read ${path}: ${(error as Error).message}`)
    }
  }
  const pairs = filesOf(settings).flatMap(({ certFile, keyFile }) => [read(certFile), read(keyFile)])
  return [settings.caFile === '' ? '' : read(settings.caFile), ...pairs]
}

function load(options: CertificatesOptions, texts: readonly string[]): Loaded {
  const { settings, prefix } = options
  const { caFile } = settings
  const authorities = caFile === '' ? [] : certificatesIn(`${prefix}.cacertfile = ${caFile}`, texts[0]!)
  const pairs = filesOf(settings).map((files, at) =>
    pairOf(options, files, { ca: texts[0]!, cert: texts[2 * at + 1]!, key: texts[2 * at + 2]! }),
  )
  const byHost = new Map(Object.keys(settings.sni).map((host, at) => [host, pairs[at + 1]!]))
  return { authorities, main: pairs[0]!, byHost }
}

/** OpenSSL takes a file without a certificate, and then trusts nobody; and leaves out what stands behind a bad one. */
function certificatesIn(setting: string, text: string): X509Certificate[] {
  const pems = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
  if (pems.length === 0) throw new CertificateError(`${setting}: there is no certificate in it`)
  return pems.map((pem, at) => {
    try {
      return new X509Certificate(pem)
    } catch (error) {
      throw new CertificateError(`${setting}: certificate ${at + 1} in it is none: ${(error as Error).message}`)
    }
  })
}

function pairOf(
  { settings, negotiation }: CertificatesOptions,
  { certFile, keyFile }: CertificateFiles,
  { ca, cert, key }: { ca: string; cert: string; key: string },
): Pair {
  const options = {
    ...negotiation,
    cert,
    key,
    ...(settings.password === '' ? {} : { passphrase: settings.password }),
    ...(ca === '' ? {} : { ca }),
  }
  try {
    const context = createSecureContext(options)
    const { validFromDate, validToDate } = new X509Certificate(cert)
    return { options, context, certFile, validFromMs: validFromDate.getTime(), validToMs: validToDate.getTime() }
  } catch (error) {
    throw new CertificateError(`${certFile} with ${keyFile}: ${(error as Error).message}`)
  }
}

import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { parseBlock } from '../kernel/index.ts'

/** An address to listen on; port 0 takes a free one. */
export interface ListenAddress {
  host: string
  port: number
}

/** What a run of the service is told: command line first, then environment, then these defaults. */
export interface Config extends ListenAddress {
  dataFolder: string
  /** URL of a PostgreSQL database; undefined: SQLite in the data folder. */
  database: string | undefined
  tls: TlsConfig | undefined
  /** Plain HTTP for CRLs and issuers, and nothing else; undefined: they are on the other listeners only. */
  pki: ListenAddress | undefined
  /** Of its own for /metrics; undefined: the other listeners answer it, to callers on this machine. */
  metrics: ListenAddress | undefined
  /** Base of the URLs inside certificates, without a slash at the end; undefined leaves them out. */
  publicUrl: string | undefined
  proxies: ProxyConfig | undefined
  outboundAllow: readonly string[]
  webhook: WebhookConfig | undefined
  /** A file to which checkpoints of the audit log are added: best on a disk of somebody else's. */
  auditCheckpoints: string | undefined
  workers: number
  emulate: boolean
  /** The emulator refuses parameters that nobody reads. */
  strict: boolean
  /** Plain HTTP on an address that is not loopback: only behind a proxy that speaks TLS. */
  insecureHttp: boolean
  /** A line of the log for each request. */
  logRequests: boolean
  /** The emulator ends the process at this step of a multi-step act: for trying crashes. */
  killAt: string | undefined
  /** The emulator limits no calls: for measuring what lies behind the limit. */
  unlimited: boolean
}

export interface TlsConfig extends ListenAddress {
  /** PEM files of the operator's; undefined: the service makes itself a certificate. */
  files: { certificate: string; privateKey: string } | undefined
  /** Names and addresses of the service, for the certificate that it makes itself; beside those of the machine. */
  names: readonly string[]
}

export interface ProxyConfig {
  blocks: readonly string[]
  header: 'x-forwarded-for' | 'forwarded'
}

export interface WebhookConfig {
  url: string
  secret: Uint8Array
}

export interface ServeOptions {
  data?: string | undefined
  database?: string | undefined
  port?: string | undefined
  listen?: string | undefined
  tlsPort?: string | undefined
  tlsListen?: string | undefined
  tlsCert?: string | undefined
  tlsKey?: string | undefined
  tlsNames?: string | undefined
  pkiPort?: string | undefined
  pkiListen?: string | undefined
  metricsListen?: string | undefined
  publicUrl?: string | undefined
  workers?: string | undefined
  emulate?: boolean | undefined
  strict?: boolean | undefined
  insecureHttp?: boolean | undefined
  logRequests?: boolean | undefined
}

/** A setting that cannot be used; the message is one sentence for the operator. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

type Environment = Readonly<Record<string, string | undefined>>

const defaultPort = 8440
const maxWorkers = 64

/** @throws ConfigError */
export function readConfig(options: ServeOptions, environment: Environment): Config {
  const setting = (option: string | undefined, name: string): string | undefined =>
    (option ?? environment[`CERTKEEP_${name}`]) || undefined
  const host = setting(options.listen, 'LISTEN') ?? '127.0.0.1'
  const emulate = options.emulate ?? false
  const insecureHttp = options.insecureHttp ?? false
  if (!isLoopback(host) && !insecureHttp)
    throw new ConfigError(
      `${host} is not a loopback address, and this listener speaks plain HTTP: use --tls-port with --tls-listen, or put a proxy with TLS in front and say --insecure-http.`,
    )
  const config: Config = {
    dataFolder: dataFolderOf(options.data, environment),
    database: databaseOf(options.database, environment),
    host,
    port: portOf(setting(options.port, 'PORT')) ?? defaultPort,
    tls: tlsOf(options, setting),
    pki: listenAddressOf(setting(options.pkiPort, 'PKI_PORT'), setting(options.pkiListen, 'PKI_LISTEN'), '--pki-port'),
    metrics: metricsOf(setting(options.metricsListen, 'METRICS_LISTEN')),
    publicUrl: publicUrlOf(setting(options.publicUrl, 'PUBLIC_URL')),
    proxies: proxiesOf(setting(undefined, 'TRUSTED_PROXIES'), setting(undefined, 'PROXY_HEADER')),
    outboundAllow: blocksOf('CERTKEEP_OUTBOUND_ALLOW', setting(undefined, 'OUTBOUND_ALLOW')),
    auditCheckpoints: fileOf(setting(undefined, 'AUDIT_CHECKPOINTS')),
    webhook: webhookOf(setting(undefined, 'WEBHOOK_URL'), environment),
    workers:
      wholeNumber('the number of workers', setting(options.workers, 'WORKERS'), 1, maxWorkers) ??
      Math.min(availableParallelism(), 8),
    emulate,
    strict: options.strict ?? false,
    insecureHttp,
    logRequests: options.logRequests ?? false,
    killAt: emulate ? environment['CERTKEEP_EMULATOR_KILL_AT'] : undefined,
    unlimited: emulate && environment['CERTKEEP_EMULATOR_UNLIMITED'] === 'yes',
  }
  if (config.strict && !emulate) throw new ConfigError('--strict belongs to the emulator: say --emulate too.')
  const hosts = [config, config.tls, config.pki, config.metrics].flatMap((address) => address?.host ?? [])
  const outside = emulate ? hosts.find((each) => !isLoopback(each)) : undefined
  if (outside !== undefined)
    throw new ConfigError(`The emulator listens on loopback only, and ${outside} is not a loopback address.`)
  return config
}

export const dataFolderOf = (option: string | undefined, environment: Environment): string =>
  resolve(option ?? environment['CERTKEEP_HOME'] ?? 'data')

/** 127.0.0.0/8, ::1 and localhost; an IPv4 address may come written as IPv6. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^(?:::ffff:)?127\.\d+\.\d+\.\d+$/.test(host)

type Setting = (option: string | undefined, name: string) => string | undefined

function tlsOf(options: ServeOptions, setting: Setting): TlsConfig | undefined {
  const address = listenAddressOf(
    setting(options.tlsPort, 'TLS_PORT'),
    setting(options.tlsListen, 'TLS_LISTEN'),
    '--tls-port',
  )
  const certificate = setting(options.tlsCert, 'TLS_CERT')
  const privateKey = setting(options.tlsKey, 'TLS_KEY')
  const names = listOf(setting(options.tlsNames, 'TLS_NAMES'))
  if (!address) {
    if (certificate === undefined && privateKey === undefined) return undefined
    throw new ConfigError('--tls-cert and --tls-key belong to a TLS listener: say --tls-port too.')
  }
  if (certificate === undefined || privateKey === undefined) {
    if (certificate !== privateKey)
      throw new ConfigError('--tls-cert and --tls-key belong together: name both files, or neither.')
    return { ...address, files: undefined, names }
  }
  return { ...address, files: { certificate: resolve(certificate), privateKey: resolve(privateKey) }, names }
}

/** Without a port there is no listener. */
function listenAddressOf(
  port: string | undefined,
  host: string | undefined,
  option: string,
): ListenAddress | undefined {
  const number = portOf(port)
  if (number !== undefined) return { host: host ?? '127.0.0.1', port: number }
  if (host !== undefined) throw new ConfigError(`An address to listen on (${host}) wants its port: say ${option}.`)
  return undefined
}

const portOf = (text: string | undefined): number | undefined => wholeNumber('the port', text, 0, 65_535)

/** `address:port`, with IPv6 in brackets. */
function metricsOf(text: string | undefined): ListenAddress | undefined {
  if (text === undefined) return undefined
  const [, host, port] = /^(?:\[?([^[\]]+?)\]?:)?(\d{1,6})$/.exec(text) ?? []
  const number = port === undefined ? undefined : portOf(port)
  if (number === undefined)
    throw new ConfigError(`${JSON.stringify(text)} is not where metrics can be served: address:port is wanted.`)
  return { host: host ?? '127.0.0.1', port: number }
}

function wholeNumber(name: string, text: string | undefined, min: number, max: number): number | undefined {
  if (text === undefined || text === '') return undefined
  const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= min && value <= max))
    throw new ConfigError(`${JSON.stringify(text)} is not ${name}: a whole number from ${min} to ${max} is wanted.`)
  return value
}

function publicUrlOf(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined
  const url = URL.parse(text)
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.search !== '' || url.hash !== '')
    throw new ConfigError(
      `CERTKEEP_PUBLIC_URL must be an http or https URL without query, and ${JSON.stringify(text)} is not.`,
    )
  return url.href.replace(/\/+$/, '')
}

/** The URL may hold a password, so it is never repeated. @throws ConfigError */
export function databaseOf(option: string | undefined, environment: Environment): string | undefined {
  const text = (option ?? environment['CERTKEEP_DATABASE']) || undefined
  if (text === undefined) return undefined
  // A socket's folder stands in the query, with no host before it, which is no URL to everybody.
  if (!/^postgres(?:ql)?:\/\/\S+$/.test(text))
    throw new ConfigError('CERTKEEP_DATABASE must be the URL of a PostgreSQL database: postgresql://user@host/name.')
  return text
}

function proxiesOf(text: string | undefined, header: string | undefined): ProxyConfig | undefined {
  const blocks = blocksOf('CERTKEEP_TRUSTED_PROXIES', text)
  const read = header?.toLowerCase() ?? 'x-forwarded-for'
  if (read !== 'x-forwarded-for' && read !== 'forwarded')
    throw new ConfigError(
      `CERTKEEP_PROXY_HEADER is X-Forwarded-For or Forwarded, and ${JSON.stringify(header)} is neither.`,
    )
  return blocks.length === 0 ? undefined : { blocks, header: read }
}

function blocksOf(name: string, text: string | undefined): string[] {
  const blocks = listOf(text)
  const wrong = blocks.find((block) => !parseBlock(block))
  if (wrong !== undefined)
    throw new ConfigError(
      `${name} lists addresses and blocks such as 10.0.0.0/8, and ${JSON.stringify(wrong)} is neither.`,
    )
  return blocks
}

const listOf = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')

const fileOf = (path: string | undefined): string | undefined => (path === undefined ? undefined : resolve(path))

const secretCredential = 'certkeep-webhook-secret'
const minSecretBytes = 16
const maxSecretBytes = 1_024

function webhookOf(text: string | undefined, environment: Environment): WebhookConfig | undefined {
  if (text === undefined) return undefined
  const url = URL.parse(text)
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.password !== '')
    throw new ConfigError('CERTKEEP_WEBHOOK_URL must be an http or https URL without user and password.')
  const credentials = environment['CREDENTIALS_DIRECTORY']
  const path =
    environment['CERTKEEP_WEBHOOK_SECRET_FILE'] || (credentials ? join(credentials, secretCredential) : undefined)
  if (path === undefined)
    throw new ConfigError('CERTKEEP_WEBHOOK_URL wants CERTKEEP_WEBHOOK_SECRET_FILE: what is sent is signed.')
  return { url: url.href, secret: secretIn(path) }
}

function secretIn(path: string): Uint8Array {
  let secret: Buffer
  try {
    secret = Buffer.from(readFileSync(path, 'utf8').trim(), 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    throw new ConfigError(`The secret of the webhook ${path} cannot be read (${code}).`)
  }
  if (secret.length < minSecretBytes || secret.length > maxSecretBytes)
    throw new ConfigError(`The secret of the webhook ${path} must have ${minSecretBytes} to ${maxSecretBytes} bytes.`)
  return secret
}

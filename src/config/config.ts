import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'

/** What a run of the service is told: command line first, then environment, then these defaults. */
export interface Config {
  dataFolder: string
  /** URL of a PostgreSQL database; undefined: SQLite in the data folder. */
  database: string | undefined
  host: string
  port: number
  /** Base of the URLs inside certificates, without a slash at the end; undefined leaves them out. */
  publicUrl: string | undefined
  workers: number
  emulate: boolean
  /** Plain HTTP on an address that is not loopback: only behind a proxy that speaks TLS. */
  insecureHttp: boolean
  /** The emulator ends the process at this step of a multi-step act: for trying crashes. */
  killAt: string | undefined
  /** The emulator limits no calls: for measuring what lies behind the limit. */
  unlimited: boolean
}

export interface ServeOptions {
  data?: string | undefined
  database?: string | undefined
  port?: string | undefined
  listen?: string | undefined
  publicUrl?: string | undefined
  workers?: string | undefined
  emulate?: boolean | undefined
  insecureHttp?: boolean | undefined
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
  const host = options.listen ?? environment['CERTKEEP_LISTEN'] ?? '127.0.0.1'
  const emulate = options.emulate ?? false
  const insecureHttp = options.insecureHttp ?? false
  if (!isLoopback(host) && !insecureHttp)
    throw new ConfigError(
      `${host} is not a loopback address, and this listener speaks plain HTTP: put a proxy with TLS in front and say --insecure-http.`,
    )
  if (emulate && !isLoopback(host))
    throw new ConfigError(`The emulator listens on loopback only, and ${host} is not a loopback address.`)
  const port = wholeNumber('the port', options.port ?? environment['CERTKEEP_PORT'], defaultPort, 0, 65_535)
  return {
    dataFolder: resolve(options.data ?? environment['CERTKEEP_HOME'] ?? 'data'),
    database: databaseOf(options.database ?? environment['CERTKEEP_DATABASE']),
    host,
    port,
    publicUrl: publicUrlOf(options.publicUrl ?? environment['CERTKEEP_PUBLIC_URL']),
    workers: wholeNumber(
      'the number of workers',
      options.workers ?? environment['CERTKEEP_WORKERS'],
      Math.min(availableParallelism(), 8),
      1,
      maxWorkers,
    ),
    emulate,
    insecureHttp,
    killAt: emulate ? environment['CERTKEEP_EMULATOR_KILL_AT'] : undefined,
    unlimited: emulate && environment['CERTKEEP_EMULATOR_UNLIMITED'] === 'yes',
  }
}

/** 127.0.0.0/8, ::1 and localhost; an IPv4 address may come written as IPv6. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^(?:::ffff:)?127\.\d+\.\d+\.\d+$/.test(host)

function wholeNumber(name: string, text: string | undefined, otherwise: number, min: number, max: number): number {
  if (text === undefined || text === '') return otherwise
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

/** The URL may hold a password, so it is never repeated. */
function databaseOf(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined
  // A socket's folder stands in the query, with no host before it, which is no URL to everybody.
  if (!/^postgres(?:ql)?:\/\/\S+$/.test(text))
    throw new ConfigError('CERTKEEP_DATABASE must be the URL of a PostgreSQL database: postgresql://user@host/name.')
  return text
}

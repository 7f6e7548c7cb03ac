import { createHash, randomBytes } from 'node:crypto'
import { createServer as createProbe } from 'node:net'
import { hostname } from 'node:os'
import type { TlsMaterial } from './api/server.ts'
import type { Config, ListenAddress } from './config/index.ts'
import { day, hour, type Clock } from './kernel/index.ts'
import { givenFiles, instanceCertificate, type InstanceNeeds, type TlsIdentity, type TlsSource } from './tls/index.ts'

/** The service cannot start; the message is one sentence for the operator. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

/** Where the HTTP threads listen, with real ports. */
export interface Listeners {
  plain: ListenAddress
  tls: ListenAddress | undefined
  pki: ListenAddress | undefined
}

/** The listeners with a port for each that asked for any. @throws StartError when one is taken */
export async function listenersOf(config: Config): Promise<Listeners> {
  return {
    plain: await free(config, '--port'),
    tls: config.tls && (await free(config.tls, '--tls-port')),
    pki: config.pki && (await free(config.pki, '--pki-port')),
  }
}

/** The workers share a port by SO_REUSEPORT, which would also share it with a stranger: so it is asked for alone first. */
async function free({ host, port }: ListenAddress, option: string): Promise<ListenAddress> {
  const probe = createProbe()
  try {
    await new Promise<void>((resolve, reject) => {
      probe.once('error', reject)
      probe.listen({ host, port, exclusive: true }, resolve)
    })
    return { host, port: (probe.address() as { port: number }).port }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EADDRINUSE')
      throw new StartError(`Port ${port} on ${host} is in use; stop what uses it, or choose another with ${option}.`)
    throw new StartError(
      `${host}:${port} cannot be listened on (${error instanceof Error ? error.message : String(error)}).`,
    )
  } finally {
    await new Promise((resolve) => probe.close(resolve))
  }
}

/** For a person on this machine. */
export const urlOf = (scheme: 'http' | 'https', { host, port }: ListenAddress): string =>
  `${scheme}://${hostInUrl(host)}:${port}`

const hostInUrl = (host: string): string => (isWildcard(host) ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host)

const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::'

/** Files of the operator's are looked at often, since replacing them is all that a renewal there does. */
const filesEveryMs = 5_000

/** What the TLS listener uses, renewed by itself. */
export interface TlsKeeper {
  material(): TlsMaterial
  identity(): TlsIdentity
  stop(): void
}

/**
 * Reads the identity, and again now and then; a change goes to all listeners. Something that cannot be used later is an
 * alarm, and the listeners keep what they have. @throws TlsError when there is nothing to begin with
 */
export async function keepTls(
  source: TlsSource,
  clock: Clock,
  everyMs: number,
  { changed, alarm }: { changed: (material: TlsMaterial) => Promise<unknown>; alarm: (reason: string) => void },
): Promise<TlsKeeper> {
  let identity = await source.current()
  let material = materialOf(identity)
  let ticketsUntil = clock.now() + day
  let lastAlarm = ''
  const look = async (): Promise<void> => {
    try {
      const next = await source.current()
      const ticketsAreOld = clock.now() >= ticketsUntil
      lastAlarm = ''
      if (digest(next) === digest(identity) && !ticketsAreOld) return
      identity = next
      material = materialOf(next)
      ticketsUntil = clock.now() + day
      await changed(material)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      if (reason !== lastAlarm) alarm(reason)
      lastAlarm = reason
    }
  }
  const timer = setInterval(() => void look(), everyMs)
  return { material: () => material, identity: () => identity, stop: () => clearInterval(timer) }
}

const materialOf = ({ certificate, privateKey }: TlsIdentity): TlsMaterial => ({
  certificate,
  privateKey,
  ticketKeys: randomBytes(48),
})

const digest = ({ certificate, privateKey }: TlsIdentity): string =>
  createHash('sha256').update(certificate).update(privateKey).digest('hex')

/** Where the identity of this configuration comes from, and how often to look. Undefined without a TLS listener. */
export function tlsSourceOf(
  { tls, publicUrl }: Pick<Config, 'tls' | 'publicUrl'>,
  needs: InstanceNeeds,
): { source: TlsSource; everyMs: number } | undefined {
  if (!tls) return undefined
  if (tls.files) return { source: givenFiles(tls.files), everyMs: filesEveryMs }
  const publicHost = publicUrl === undefined ? [] : [new URL(publicUrl).hostname.replace(/^\[(.*)\]$/, '$1')]
  const own = isWildcard(tls.host) ? [] : [tls.host]
  const names = [...tls.names, ...publicHost, ...own, hostname(), 'localhost', '127.0.0.1', '::1']
  return { source: instanceCertificate(needs, names), everyMs: hour }
}

import { enableCompileCache, flushCompileCache } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { readConfig, type Config, type ServeOptions } from '../config/index.ts'
import type { RunningService } from '../main.ts'

/** Exit codes: 0 stopped as asked, 1 could not start, 70 the state of the disk became unknown (EX_SOFTWARE). */
export function addServeCommand(program: Command): void {
  program
    .command('serve')
    .description('Run the service on a data folder, which is made when it is not there')
    .option('--data <folder>', 'the data folder (else CERTKEEP_HOME, else ./data)')
    .option('--database <url>', 'PostgreSQL for the data (else CERTKEEP_DATABASE, else SQLite in the data folder)')
    .option('--port <port>', 'the port (else CERTKEEP_PORT, else 8440; 0 takes a free one)')
    .option('--listen <address>', 'the address to listen on (else CERTKEEP_LISTEN, else 127.0.0.1)')
    .option('--tls-port <port>', 'the port for TLS, with every door (else CERTKEEP_TLS_PORT, else no TLS)')
    .option('--tls-listen <address>', 'the address for TLS (else CERTKEEP_TLS_LISTEN, else 127.0.0.1)')
    .option('--tls-cert <file>', 'certificate and chain in PEM (else CERTKEEP_TLS_CERT, else it makes its own)')
    .option('--tls-key <file>', 'the private key of that certificate in PEM (else CERTKEEP_TLS_KEY)')
    .option('--tls-names <names>', 'further names for its own certificate, by commas (else CERTKEEP_TLS_NAMES)')
    .option('--pki-port <port>', 'a port for CRLs and issuers over plain HTTP, and nothing else (CERTKEEP_PKI_PORT)')
    .option('--pki-listen <address>', 'the address for that (else CERTKEEP_PKI_LISTEN, else 127.0.0.1)')
    .option('--metrics-listen <address:port>', 'a listener of its own for /metrics (CERTKEEP_METRICS_LISTEN)')
    .option('--public-url <url>', 'base of the URLs inside certificates (else CERTKEEP_PUBLIC_URL)')
    .option('--workers <count>', 'HTTP threads (else CERTKEEP_WORKERS, else one for each core)')
    .option('--insecure-http', 'listen on an address that is not loopback without TLS, behind a proxy that has it')
    .option('--log-requests', 'a line of the log for each request: never its query or body')
    .option('--emulate', 'run as an emulator: its clock can be moved, and its data is not for earnest')
    .option('--strict', 'with --emulate: refuse parameters that nobody reads, which the clouds ignore')
    .option('--until-input-ends', 'stop when standard input ends: for programs that start the service')
    .action(run)
}

async function run({ untilInputEnds, ...options }: ServeOptions & { untilInputEnds?: boolean }): Promise<void> {
  process.umask(0o077) // whatever is made in the data folder is its owner's alone
  const config = configOf(options)
  keepCompiled(config.dataFolder)
  // Only now: the other commands do without the service, and start several times faster.
  const [{ newLogger }, { serve }] = await Promise.all([import('../log.ts'), import('../main.ts')])
  const log = newLogger()
  let service: RunningService
  try {
    service = await serve(config, log, (reason) => {
      log.error({}, reason)
      process.exit(70)
    })
    process.stdout.write(banner(service, config.emulate))
  } catch (error) {
    refuse(error)
  }
  flushCompileCache() // else only an end in good order would
  let stopping = false
  const stop = (why: string): void => {
    if (stopping) return
    stopping = true
    process.stdout.write(`${why}: finishing what is under way …\n`)
    service.stop().then(
      () => {
        process.stdout.write('Stopped.\n')
        process.exit(0)
      },
      (error: unknown) => {
        log.error({ error: String(error) }, 'stopping failed')
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  // Whoever started us may be killed without a word; what it held open ends with it.
  if (untilInputEnds)
    process.stdin
      .on('end', () => stop('End of input'))
      .on('error', () => stop('End of input'))
      .resume()
}

function configOf(options: ServeOptions): Config {
  try {
    return readConfig(options, process.env)
  } catch (error) {
    return refuse(error)
  }
}

/** Refusals to start are one sentence each; anything else is a bug and shows where it happened. */
function refuse(error: unknown): never {
  const expected =
    error instanceof Error && ['ConfigError', 'StartError', 'DataFolderError', 'TlsError'].includes(error.name)
  process.stderr.write(`certkeep: ${expected ? error.message : String(error instanceof Error ? error.stack : error)}\n`)
  process.exit(1)
}

/**
 * Keeps compiled code for the next start, which it makes twice as fast: in the data folder, because whoever can write there
 * decides what this process runs. What the operator says by NODE_COMPILE_CACHE or NODE_DISABLE_COMPILE_CACHE stands.
 */
function keepCompiled(dataFolder: string): void {
  const { directory } = enableCompileCache(join(dataFolder, 'compiled'))
  if (directory !== undefined) process.env['NODE_COMPILE_CACHE'] ??= directory // threads read it when they begin
}

/** Where the launcher lies, for commands that can be pasted in any folder. */
const launcher = quoted(fileURLToPath(new URL('../../bin/certkeep.js', import.meta.url)))

const rootCa = JSON.stringify({
  type: 'ROOT',
  distinguished_name: {
    common_name: 'My first CA',
    country: 'CN',
    state: 'Zhejiang',
    locality: 'Hangzhou',
    organization: 'Example',
    organizational_unit: 'IT',
  },
  key_algorithm: 'EC256',
  signature_algorithm: 'SHA256',
  validity: { type: 'YEAR', value: 10 },
})

function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`
}

const further = ({ url, tlsUrl, pkiUrl, metricsUrl, ownCertificate }: RunningService): string =>
  [
    tlsUrl && `  With TLS             ${tlsUrl}${ownCertificate ? `  (its authority: ${url}/ca/instance.cer)` : ''}\n`,
    pkiUrl && `  Plain, for verifiers ${pkiUrl}/crl/…, ${pkiUrl}/ca/…\n`,
    metricsUrl && `  Metrics              ${metricsUrl}/metrics\n`,
  ]
    .filter(Boolean)
    .join('')

function banner(service: RunningService, emulate: boolean): string {
  const { url, folder, warnings } = service
  const credentials = folder.firstCredentialsPath
  return `
Certkeep is ready${emulate ? ', as an emulator: nothing it issues is for use in earnest' : ''}.

  Alibaba Cloud SDKs   ${url}/            (RPC; signature v1 and ACS3)
  Huawei Cloud SDKs    ${url}/v1/…        (REST; AK/SK or token from ${url}/v3/auth/tokens)
  CRLs and issuers     ${url}/crl/<ca-id>.crl, ${url}/ca/<ca-id>.cer
  Our own API          ${url}/api/<Operation>
${further(service)}${emulate ? `  Emulator             ${url}/emulator/clock\n` : ''}
  account id           ${folder.accountId}
  first credentials    ${credentials}${folder.isNew ? '  (just made: keep them safe)' : ''}

Three commands to try, in another terminal:

  TOKEN=$(node ${launcher} token --credentials ${quoted(credentials)} --url ${url})
  curl -s -H "X-Auth-Token: $TOKEN" ${url}/v1/private-certificate-authorities -d '${rootCa}'
  curl -s -H "X-Auth-Token: $TOKEN" ${url}/v1/private-certificate-authorities
${warnings.map((warning) => `\n  Note: ${warning}\n`).join('')}
Stop with Ctrl-C.
`
}

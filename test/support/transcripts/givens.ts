/** `# given …`: steps that a transcript takes before what it is about. The list is in test/transcripts/README.md. */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { file, openssl } from '../openssl.ts'
import { temporaryFolder } from '../service.ts'
import type { Cast } from './cast.ts'

export interface Stage {
  cast: Cast
  variables: Map<string, string | number>
  /** Moves the domain clock by `+2d`; resolves when what fell due has been done. */
  moveClock(by: string): Promise<void>
}

type Step = (stage: Stage, groups: Record<string, string | undefined>) => Promise<void> | void

const name = '(?: "(?<name>[^"]+)")?'
const days = '(?: for (?<days>\\d+) days?)?'
const elsewhere = '(?<elsewhere> of the second account)?'
const as = '(?: as (?<as>[a-z][a-z0-9_]*))?'
const id = '(?<id>[0-9a-f-]{36})'
const under = ' under (?<under>[0-9a-f-]{36})'

const subject = (commonName: string) => ({
  commonName,
  country: 'CN',
  state: 'Sichuan',
  locality: 'Chengdu',
  organization: 'Example',
  organizationalUnit: 'Test',
})

const ownerIn = (groups: Record<string, string | undefined>) =>
  groups['elsewhere'] === undefined ? 'admin' : 'second account'

const validity = (given: string | undefined, usual: { unit: string; amount: number }) =>
  given === undefined ? usual : { unit: 'day', amount: Number(given) }

const key = { keyAlgorithm: 'p256', signatureHash: 'sha256' }

const steps: readonly (readonly [string, Step])[] = [
  [
    `a root CA${name}${days}${elsewhere}${as}`,
    async ({ cast, variables }, groups) => {
      const { caId } = await cast.ask(
        'CreateCa',
        {
          type: 'root',
          subject: subject(groups['name'] ?? 'Root'),
          ...key,
          validity: validity(groups['days'], { unit: 'year', amount: 10 }),
        },
        ownerIn(groups),
      )
      variables.set(groups['as'] ?? 'ca_id', caId)
    },
  ],
  [
    `a subordinate CA${name}${under}(?: of path length (?<path>\\d))?${days}${as}`,
    async ({ cast, variables }, groups) => {
      const { caId } = await cast.ask('CreateCa', {
        type: 'subordinate',
        subject: subject(groups['name'] ?? 'Subordinate'),
        ...key,
        issuerId: groups['under'],
        pathLength: Number(groups['path'] ?? 0),
        validity: validity(groups['days'], { unit: 'year', amount: 5 }),
      })
      variables.set(groups['as'] ?? 'ca_id', caId)
    },
  ],
  [
    `a pending CA${name}${as}`,
    async ({ cast, variables }, groups) => {
      const input = { type: 'subordinate', subject: subject(groups['name'] ?? 'Pending'), keyAlgorithm: 'p256' }
      variables.set(groups['as'] ?? 'ca_id', (await cast.ask('CreateCa', input)).caId)
    },
  ],
  [
    `a CA by CSR${under}${as}`,
    async ({ cast, variables }, groups) => {
      const { certificateId } = await cast.ask('IssueCaByCsr', {
        issuerId: groups['under'],
        csr: csr('Outside'),
        validity: { unit: 'year', amount: 1 },
      })
      variables.set(groups['as'] ?? 'ca_id', certificateId)
    },
  ],
  [`the CA ${id} is disabled`, ({ cast }, { id: caId }) => cast.ask('DisableCa', { caId })],
  [`the CA ${id} is restored`, ({ cast }, { id: caId }) => cast.ask('RestoreCa', { caId })],
  [`the CA ${id} is revoked`, ({ cast }, { id: caId }) => cast.ask('RevokeCa', { caId, reason: 'superseded' })],
  [
    `the CA ${id} is to be deleted in (?<days>\\d+) days`,
    ({ cast }, groups) => cast.ask('DeleteCa', { caId: groups['id'], keepDays: Number(groups['days']) }),
  ],
  [
    `the CA ${id} has (?<number>\\d+) tags`,
    async ({ cast }, groups) => {
      const tags = Array.from({ length: Number(groups['number']) }, (_, at) => [`key${at + 1}`, `value${at + 1}`])
      await cast.ask('TagCa', { caId: groups['id'], tags: Object.fromEntries(tags) })
    },
  ],
  [
    `a certificate${name}${elsewhere}${under}${days}${as}`,
    async ({ cast, variables }, groups) => {
      const commonName = groups['name'] ?? 'a.example.com'
      const { certificateId } = await cast.ask(
        'IssueCertificate',
        {
          issuerId: groups['under'],
          subject: { commonName },
          ...key,
          validity: validity(groups['days'], { unit: 'day', amount: 90 }),
          names: /^[a-z0-9.-]+$/.test(commonName) ? [{ type: 'dns', value: commonName }] : [],
        },
        ownerIn(groups),
      )
      variables.set(groups['as'] ?? 'certificate_id', certificateId)
    },
  ],
  [
    `a certificate by CSR${name}${under}${as}`,
    async ({ cast, variables }, groups) => {
      const { certificateId } = await cast.ask('IssueCertificateByCsr', {
        issuerId: groups['under'],
        csr: csr(groups['name'] ?? 'a.example.com'),
        validity: { unit: 'day', amount: 90 },
      })
      variables.set(groups['as'] ?? 'certificate_id', certificateId)
    },
  ],
  [
    `the certificate ${id} is revoked`,
    ({ cast }, groups) => cast.ask('RevokeCertificate', { certificateId: groups['id'], reason: 'superseded' }),
  ],
  [
    `a CSR(?: for)?${name}(?: with a (?<kind>P-256|RSA-1024|RSA-2048) key)?(?<broken> and a wrong signature)?${as}`,
    ({ variables }, groups) => {
      const pem = csr(groups['name'] ?? 'a.example.com', groups['kind'])
      variables.set(groups['as'] ?? 'csr', groups['broken'] === undefined ? pem : withWrongSignature(pem))
    },
  ],
  [
    `certificates from outside for the CSR of ${id}${as}`,
    async ({ cast, variables }, groups) => {
      const { csr: der } = (await cast.ask('ExportCaCsr', { caId: groups['id'] })) as { csr: string }
      const made = signedOutside(pem('CERTIFICATE REQUEST', Buffer.from(der, 'base64')))
      for (const [part, text] of Object.entries(made)) variables.set(`${groups['as'] ?? 'outside'}.${part}`, text)
    },
  ],
  [
    `an upload${name}${elsewhere}${as}`,
    async ({ cast, variables }, groups) => {
      const { certificate, key: privateKey } = selfSigned('www.example.com')
      const input = { name: groups['name'] ?? 'upload', certificate, privateKey }
      const kept = await cast.ask('UploadCertificate', input, ownerIn(groups))
      variables.set(groups['as'] ?? 'cert_id', Number(kept.certificate.number))
    },
  ],
  [
    `the number of the certificate ${id}${as}`,
    async ({ cast, variables }, groups) => {
      const shown = await cast.ask('ShowPrivateCertificate', { certificateId: groups['id'] })
      variables.set(groups['as'] ?? 'cert_id', Number(shown.certificate.number))
    },
  ],
  [
    `a certificate and key from outside for${name}(?: with a (?<kind>P-256|RSA-1024|RSA-2048) key)?${as}`,
    ({ variables }, groups) => {
      const made = selfSigned(groups['name'] ?? 'www.example.com', groups['kind'])
      for (const [part, text] of Object.entries(made)) variables.set(`${groups['as'] ?? 'leaf'}.${part}`, text)
    },
  ],
  [`the user may not (?<actions>\\S.*)`, ({ cast }, { actions }) => cast.policy('Deny', actions!.split(/, */))],
  [`the user may (?<actions>\\S.*)`, ({ cast }, { actions }) => cast.policy('Allow', actions!.split(/, */))],
  [`the user has${name}`, ({ cast }, groups) => cast.attach(groups['name']!)],
  [
    `the key of the user is (?<state>disabled|enabled)`,
    ({ cast }, { state }) => cast.setKeyOfUser(state === 'enabled'),
  ],
  [`the user is (?<state>disabled|enabled)`, ({ cast }, { state }) => cast.setUser(state === 'enabled')],
]

const compiled = steps.map(([pattern, step]) => [new RegExp(`^${pattern}$`), step] as const)

/** @param text with its variables filled in */
export async function take(stage: Stage, text: string): Promise<void> {
  for (const [pattern, step] of compiled) {
    const found = pattern.exec(text)
    if (found) return step(stage, found.groups ?? {})
  }
  throw new Error(`there is no step "given ${text}"`)
}

const pem = (label: string, der: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(der)
    .toString('base64')
    .replace(/.{1,64}/g, '$&\n')}-----END ${label}-----\n`

const newKeys: Readonly<Record<string, readonly string[]>> = {
  'P-256': ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'],
  'RSA-1024': ['-newkey', 'rsa:1024'],
  'RSA-2048': ['-newkey', 'rsa:2048'],
}

function csr(commonName: string, kind = 'P-256'): string {
  const keyFile = join(temporaryFolder(), 'key.pem')
  return openssl('req', '-new', ...newKeys[kind]!, '-nodes', '-keyout', keyFile, '-subj', `/O=Outside/CN=${commonName}`)
}

function withWrongSignature(csrPem: string): string {
  const der = Buffer.from(csrPem.replace(/-----[^-]+-----/g, ''), 'base64')
  der[der.length - 1]! ^= 1
  return pem('CERTIFICATE REQUEST', der)
}

/** Sixteen bytes, as many as ours have. */
const serial = (): string => `0x4${randomBytes(16).toString('hex').slice(1)}`

/** openssl with its arguments in groups. */
const run = (...groups: readonly (readonly string[])[]): string => openssl(...groups.flat())

/** Far beyond every instant that a transcript moves the clock to. */
const longDays = '30000'

function selfSigned(commonName: string, kind = 'P-256'): { certificate: string; key: string } {
  const keyFile = join(temporaryFolder(), 'key.pem')
  const certificate = run(
    ['req', '-x509', ...newKeys[kind]!, '-nodes', '-keyout', keyFile, '-days', longDays],
    ['-subj', `/C=CN/ST=Sichuan/L=Chengdu/O=Example/CN=${commonName}`],
    ['-addext', `subjectAltName=DNS:${commonName}`, '-set_serial', serial()],
  )
  return { certificate, key: readFileSync(keyFile, 'utf8') }
}

/** What a CA elsewhere makes of a CSR: a CA's certificate and the root above it, and one that is no CA's. */
function signedOutside(request: string): { certificate: string; chain: string; leaf: string } {
  const keyFile = join(temporaryFolder(), 'root.key')
  const chain = run(
    ['req', '-x509', ...newKeys['P-256']!, '-nodes', '-keyout', keyFile, '-days', longDays],
    ['-subj', '/O=Outside/CN=Outside Root'],
    ['-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
  )
  const sign = (extensions: string) =>
    run(
      ['x509', '-req', '-in', file('request.pem', request), '-CA', file('root.pem', chain), '-CAkey', keyFile],
      ['-set_serial', '0x1234567890abcdef', '-days', longDays, '-extfile', file('extensions', extensions)],
    )
  return {
    certificate: sign(
      'basicConstraints=critical,CA:TRUE,pathlen:1\nkeyUsage=critical,digitalSignature,keyCertSign,cRLSign\n' +
        'subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n',
    ),
    chain,
    leaf: sign('basicConstraints=critical,CA:FALSE\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n'),
  }
}

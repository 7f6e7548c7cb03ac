import { execFileSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Door, DoorAnswer } from '../../src/api/index.ts'
import { operations } from '../../src/api/index.ts'
import type { Core } from '../support/core.ts'

/** A root, or a subordinate under `issuerId`. */
export async function aCaIn(
  core: Core,
  { issuerId, commonName = 'Root', pathLength }: { issuerId?: string; commonName?: string; pathLength?: number } = {},
): Promise<string> {
  const { caId } = await core.call(core.administrator, operations.CreateCa, {
    type: issuerId === undefined ? 'root' : 'subordinate',
    subject: { commonName, country: 'CN', organization: 'Test' },
    keyAlgorithm: 'p256',
    signatureHash: 'sha256',
    validity: { unit: 'year', amount: issuerId === undefined ? 10 : pathLength === undefined ? 4 : 5 },
    ...(issuerId === undefined ? {} : { issuerId }),
    ...(pathLength === undefined ? {} : { pathLength }),
  })
  return caId
}

export async function aLeafIn(
  core: Core,
  issuerId: string,
  {
    days = 90,
    keyAlgorithm = 'p256',
    ...rest
  }: {
    days?: number
    keyAlgorithm?: 'p256' | 'rsa2048'
    keyUsages?: ('digitalSignature' | 'keyEncipherment')[]
    extendedKeyUsages?: string[]
  } = {},
): Promise<string> {
  const { certificateId } = await core.call(core.administrator, operations.IssueCertificate, {
    issuerId,
    subject: { commonName: 'a.example.com' },
    keyAlgorithm,
    validity: { unit: 'day', amount: days },
    ...rest,
  })
  return certificateId
}

/** PKCS #10, DER, by a key of nobody's. */
export function aCsrOf(commonName: string): Uint8Array {
  const key = join(mkdtempSync(join(tmpdir(), 'certkeep-csr-')), 'key.pem')
  execFileSync('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', key])
  return execFileSync('openssl', ['req', '-new', '-key', key, '-subj', `/CN=${commonName}`, '-outform', 'DER'])
}

export const pemOfRequest = (der: Uint8Array): string =>
  `-----BEGIN CERTIFICATE REQUEST-----\n${Buffer.from(der).toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`

export const fetchFrom = (door: Door, rawUrl: string): Promise<DoorAnswer> =>
  Promise.resolve(
    door({
      method: 'GET',
      rawUrl,
      rawHeaders: [],
      body: new Uint8Array(0),
      sourceIp: '127.0.0.1',
      secureTransport: false,
    }),
  )

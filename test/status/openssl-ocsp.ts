import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { own } from '../support/client.ts'
import { file, openssl, opensslSays } from '../support/openssl.ts'
import { certificatePem } from '../support/pem.ts'
import { temporaryFolder, type Service } from '../support/service.ts'

/** A CA and a certificate of it, as files that openssl reads. */
export interface Asked {
  caId: string
  ca: string
  certificate: string
}

export async function pemOfCa(service: Service, caId: string): Promise<string> {
  const { certificate } = await own(service.url, service.credentials, 'ExportCaCertificate', { caId })
  return certificatePem(certificate as string)
}

export async function asked(service: Service, caId: string, certificateId: string): Promise<Asked> {
  const { certificate } = await own(service.url, service.credentials, 'ExportPrivateCertificate', { certificateId })
  return {
    caId,
    ca: file('ca.pem', await pemOfCa(service, caId)),
    certificate: file('leaf.pem', certificatePem(certificate.certificate as string)),
  }
}

/** A request as openssl makes it, DER. */
export function ocspRequest({ ca, certificate }: Omit<Asked, 'caId'>, ...options: string[]): Buffer {
  const path = `${temporaryFolder()}/request.der`
  openssl('ocsp', ...options, '-issuer', ca, '-cert', certificate, '-reqout', path)
  return readFileSync(path)
}

/** Asks by openssl's own client (POST) and verifies: everything that it says. */
export async function opensslAsks(
  service: Pick<Service, 'url'>,
  { caId, ca, certificate }: Asked,
  ...options: string[]
): Promise<string> {
  const url = `${service.url}/ocsp/${caId}`
  const child = spawn('openssl', [
    ...['ocsp', ...options, '-issuer', ca, '-CAfile', ca, '-cert', certificate, '-url', url],
  ])
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  await new Promise((resolve) => child.once('close', resolve))
  return said
}

/** What openssl says of an answer that was fetched in another way. */
export const opensslReads = (
  { ca, certificate }: Asked,
  request: Uint8Array,
  response: Uint8Array,
  ...options: string[]
): string =>
  opensslSays(
    ...['ocsp', '-no_nonce', ...options, '-issuer', ca, '-CAfile', ca, '-cert', certificate],
    ...['-reqin', file('request.der', request), '-respin', file('response.der', response)],
  )

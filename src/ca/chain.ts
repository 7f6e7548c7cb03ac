import {
  equalBytes,
  oids,
  parseCertificate,
  readBasicConstraints,
  readKeyUsage,
  X509Error,
  type Certificate,
} from '../x509/index.ts'
import type { Ca } from './ca.ts'
import { readCertificateBlocks } from './issuing.ts'
import { problem } from './problems.ts'

export const maxChain = 10

/** The certificate cannot become the CA's. */
export function refuse(reason: string): never {
  throw problem('CertificateNotOfThisCa', { reason })
}

/** What reading certificates made elsewhere throws, as a problem. */
export function told<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof X509Error) refuse(error.message)
    throw error
  }
}

/** The certificates in a PEM text, in its order. @throws Problem CertificateNotOfThisCa */
export function readCertificates(pem: string): Certificate[] {
  return told(() => {
    const blocks = readCertificateBlocks(pem)
    if (blocks.length > maxChain) refuse('the chain is too long')
    return blocks.map((der) => parseCertificate(der))
  })
}

/** It is a CA's, may sign certificates, and is in force. @throws Problem CertificateNotOfThisCa */
export function checkIsCa({ tbs }: Certificate, now: number): void {
  told(() => {
    if (tbs.read(oids.basicConstraints, readBasicConstraints)?.ca !== true) refuse('it is not the certificate of a CA')
    if (tbs.read(oids.keyUsage, readKeyUsage)?.includes('keyCertSign') === false) refuse('it may not sign certificates')
    if (tbs.notAfter < now) refuse('it has expired')
  })
}

/** The certificate hangs on the chain it came with, nearest first. @throws Problem CertificateNotOfThisCa */
export function checkChain(certificate: Certificate, chain: readonly Certificate[]): void {
  told(() => {
    let below = certificate
    for (const [index, above] of chain.entries()) {
      if (!signedBy(below, above)) refuse('the chain does not fit: a certificate in it did not sign the one before')
      const constraints = above.tbs.read(oids.basicConstraints, readBasicConstraints)
      if (constraints?.ca !== true) refuse('the chain does not fit: a certificate in it is not that of a CA')
      // RFC 5280 §4.2.1.9: this CA and those in between are what the path length counts.
      if ((constraints?.pathLength ?? Infinity) <= index)
        refuse('the chain does not fit: the path length of a CA in it is exceeded')
      below = above
    }
  })
}

/** Whether the one names the other as its issuer and was signed by its key. Throws X509Error when that cannot be told. */
export const signedBy = (below: Certificate, above: Certificate): boolean =>
  equalBytes(below.tbs.issuerDer, above.tbs.subjectDer) && below.verify(above.tbs.spki)

/** What a CA's record says of a certificate that was signed elsewhere, the chain above it kept with it. */
export function factsOf(certificate: Certificate, chain: readonly Certificate[]) {
  const { tbs } = certificate
  const issuer = tbs.issuer.fields().commonName
  return {
    issuerName: (typeof issuer === 'string' ? issuer : tbs.issuer.toString()).slice(0, 64),
    pathLength: tbs.read(oids.basicConstraints, readBasicConstraints)?.pathLength ?? null,
    keyUsages: tbs.read(oids.keyUsage, readKeyUsage) ?? [],
    serial: tbs.serial,
    notBefore: tbs.notBefore,
    notAfter: tbs.notAfter,
    certificate: certificate.der,
    chain: chain.length === 0 ? null : Buffer.concat(chain.map(({ der }) => der)),
  } satisfies Partial<Ca>
}

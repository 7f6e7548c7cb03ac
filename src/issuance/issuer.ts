import type { KeyReference } from '../keys/index.ts'
import { parseCertificate, oids, readBasicConstraints, readSubjectKeyIdentifier } from '../x509/index.ts'
import type { Certificate } from '../x509/index.ts'

/** A CA as the one who signs: its name and key identifier octet for octet as in its own certificate. */
export interface Issuer {
  caId: string
  key: KeyReference
  certificate: Certificate
  keyIdentifier: Uint8Array
  /** Its certificate, then those above it, as far as known. */
  chain: readonly Certificate[]
  /** CA levels that may follow; undefined: no limit. */
  pathLength: number | undefined
}

/**
 * @param certificate DER of the CA's certificate
 * @param above DER of the CAs above it: the lint judges names against the constraints of the whole chain
 */
export function issuerFrom(
  caId: string,
  key: KeyReference,
  certificate: Uint8Array,
  above: readonly Uint8Array[],
): Issuer {
  const parsed = parseCertificate(certificate)
  const chain = [parsed, ...above.map((der) => parseCertificate(der))]
  return {
    caId,
    key,
    certificate: parsed,
    chain,
    keyIdentifier: keyIdentifierOf(parsed),
    pathLength: parsed.tbs.read(oids.basicConstraints, readBasicConstraints)?.pathLength,
  }
}

/** RFC 5280 §4.2.1.1: the issuer's own subjectKeyIdentifier; a CA certificate from outside may have made it in another way. */
const keyIdentifierOf = (certificate: Certificate): Uint8Array =>
  certificate.tbs.read(oids.subjectKeyIdentifier, readSubjectKeyIdentifier) ?? certificate.tbs.spki.keyIdentifier()

import { contextTagOctet } from '../der/tags.ts'
import { primitive, sequence } from '../der/writer.ts'
import { oids } from '../oids.ts'
import { extension, readSequence } from './extension.ts'
import type { Extension } from './extension.ts'

const keyIdentifierTag = contextTagOctet(0, false)
const issuerTag = contextTagOctet(1, true)
const serialTag = contextTagOctet(2, false)

export interface AuthorityKeyIdentifier {
  readonly keyIdentifier: Uint8Array | undefined
  /** True if the issuer's own issuer and serial are named too; we never write them. */
  readonly namesIssuerAndSerial: boolean
}

/**
 * RFC 5280 §4.2.1.1
 *   AuthorityKeyIdentifier ::= SEQUENCE {
 *        keyIdentifier              [0] KeyIdentifier            OPTIONAL,
 *        authorityCertIssuer        [1] GeneralNames             OPTIONAL,
 *        authorityCertSerialNumber  [2] CertificateSerialNumber  OPTIONAL }
 * Never critical. Holds the issuer's subject key identifier as it stands in its certificate.
 */
export function authorityKeyIdentifier(issuerKeyIdentifier: Uint8Array): Extension {
  return extension(
    oids.authorityKeyIdentifier,
    { critical: false },
    sequence(primitive(keyIdentifierTag, issuerKeyIdentifier)),
  )
}

/** Reads the extension's value. Throws X509Error. */
export function readAuthorityKeyIdentifier(value: Uint8Array): AuthorityKeyIdentifier {
  return readSequence(value, (reader) => {
    const keyIdentifier = reader.peek() === keyIdentifierTag ? reader.contents(keyIdentifierTag) : undefined
    const namesIssuerAndSerial = reader.peek() === issuerTag
    if (namesIssuerAndSerial) {
      reader.take(issuerTag)
      reader.take(serialTag)
    }
    return { keyIdentifier, namesIssuerAndSerial }
  })
}

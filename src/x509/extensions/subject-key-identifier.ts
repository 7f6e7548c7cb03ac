import { octetString } from '../der/writer.ts'
import { oids } from '../oids.ts'
import { extension, valueReader } from './extension.ts'
import type { Extension } from './extension.ts'

/**
 * RFC 5280 §4.2.1.2
 *   SubjectKeyIdentifier ::= KeyIdentifier
 *   KeyIdentifier ::= OCTET STRING
 * Never critical. The usual value is `spki.keyIdentifier()`.
 */
export function subjectKeyIdentifier(keyIdentifier: Uint8Array): Extension {
  return extension(oids.subjectKeyIdentifier, { critical: false }, octetString(keyIdentifier))
}

/** Reads the extension's value. Throws X509Error. */
export function readSubjectKeyIdentifier(value: Uint8Array): Uint8Array {
  return valueReader(value).octetString()
}

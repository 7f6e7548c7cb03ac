import { checkDer } from '../der/reader.ts'
import { isUnderArc } from '../der/oid.ts'
import { fail } from '../errors.ts'
import { extension } from './extension.ts'
import type { Extension } from './extension.ts'

/**
 * Arcs whose extensions mean something to every verifier: id-ce, id-pkix with its private extensions and key purposes,
 * Netscape's, and the ones of certificate transparency.
 */
export const standardArcs = ['2.5.29', '1.3.6.1.5.5.7', '2.16.840.1.113730', '1.3.6.1.4.1.11129.2.4'] as const

/** True if verifiers could give the extension a meaning that its requester must not choose. */
export function isUnderStandardArc(oid: string): boolean {
  return standardArcs.some((arc) => isUnderArc(oid, arc))
}

/**
 * An extension of the user's own. `value` is the DER that the OCTET STRING holds. Throws X509Error BadExtension for an
 * OID under a standard arc, DerError for a value that is not strict DER.
 */
export function customExtension(oid: string, { critical }: { critical: boolean }, value: Uint8Array): Extension {
  if (isUnderStandardArc(oid)) throw fail('BadExtension', `${oid} lies under an arc of the standards`)
  checkDer(value)
  return extension(oid, { critical }, value)
}

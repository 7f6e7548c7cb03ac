import { nullValue } from '../der/writer.ts'
import { oids } from '../oids.ts'
import { extension } from './extension.ts'
import type { Extension } from './extension.ts'

/**
 * RFC 6960 §4.2.2.2.1: id-pkix-ocsp-nocheck, value NULL. Not critical. Only for a responder's own certificate: whoever
 * holds it is not asked about.
 */
export function ocspNoCheck(): Extension {
  return extension(oids.ocspNoCheck, { critical: false }, nullValue())
}

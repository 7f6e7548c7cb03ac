import { der, extension, type Extension } from '../x509/index.ts'

/**
 * Under the number for examples (RFC 5612). Not under 2.25 with a UUID: Go and GnuTLS read no certificate that has a
 * component of more than 31 or 64 bits in an OID.
 */
const emulatorOid = '1.3.6.1.4.1.32473.1'

/**
 * Marks a root as an emulator's: non-critical, so that verifiers pass over it, and there for whoever wonders how a root
 * came by a notBefore years from now.
 */
export const emulatorRootMarker = (): Extension =>
  extension(emulatorOid, { critical: false }, der.utf8String('issued by the Certkeep emulator; not for use in earnest'))

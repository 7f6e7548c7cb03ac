import { der, extension, type Extension } from '../x509/index.ts'

/** 2.25 followed by a UUID as a number needs no registration (X.667); nobody but emulators uses this one. */
const emulatorOid = '2.25.204103985498106246358217549024306175281'

/**
 * Marks a root as an emulator's: non-critical, so that verifiers pass over it, and there for whoever wonders how a root
 * came by a notBefore years from now.
 */
export const emulatorRootMarker = (): Extension =>
  extension(emulatorOid, { critical: false }, der.utf8String('issued by the Certkeep emulator; not for use in earnest'))

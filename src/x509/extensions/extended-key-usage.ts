import { oid, sequence } from '../der/writer.ts'
import { fail } from '../errors.ts'
import { oids } from '../oids.ts'
import { extension, readSequence } from './extension.ts'
import type { Extension } from './extension.ts'

/** Key purposes that have a name; any other is a dotted OID. */
export const keyPurposes = {
  serverAuth: oids.serverAuth,
  clientAuth: oids.clientAuth,
  codeSigning: oids.codeSigning,
  emailProtection: oids.emailProtection,
  timeStamping: oids.timeStamping,
  ocspSigning: oids.ocspSigning,
} as const

export type KeyPurpose = keyof typeof keyPurposes

const maxPurposes = 64

/**
 * RFC 5280 §4.2.1.12
 *   ExtKeyUsageSyntax ::= SEQUENCE SIZE (1..MAX) OF KeyPurposeId
 *   KeyPurposeId ::= OBJECT IDENTIFIER
 * Takes dotted OIDs (see `keyPurposes`); a repeated one is written once. Throws X509Error BadExtension or BadOid.
 */
export function extendedKeyUsage(purposes: readonly string[], { critical } = { critical: false }): Extension {
  if (purposes.length === 0) throw fail('BadExtension', 'extendedKeyUsage must name a purpose')
  return extension(oids.extendedKeyUsage, { critical }, sequence(...[...new Set(purposes)].map(oid)))
}

/** Reads the extension's value as dotted OIDs. Throws X509Error. */
export function readExtendedKeyUsage(value: Uint8Array): string[] {
  return readSequence(value, (reader) => {
    const purposes: string[] = []
    do {
      if (purposes.length === maxPurposes) throw fail('BadExtension', `more than ${maxPurposes} key purposes`)
      purposes.push(reader.oid())
    } while (!reader.done)
    return purposes
  })
}

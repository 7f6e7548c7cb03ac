import { tags } from '../der/tags.ts'
import { oid, sequence } from '../der/writer.ts'
import { fail } from '../errors.ts'
import { readGeneralName, writeGeneralName } from '../general-names.ts'
import { oids } from '../oids.ts'
import { extension, readSequence } from './extension.ts'
import type { Extension } from './extension.ts'

export interface AuthorityInformationAccess {
  /** URLs of OCSP responders. */
  readonly ocsp: readonly string[]
  /** URLs of the issuer's certificate. */
  readonly caIssuers: readonly string[]
}

/**
 * RFC 5280 §4.2.2.1
 *   AuthorityInfoAccessSyntax ::= SEQUENCE SIZE (1..MAX) OF AccessDescription
 *   AccessDescription ::= SEQUENCE { accessMethod OBJECT IDENTIFIER, accessLocation GeneralName }
 * Never critical. Throws X509Error.
 */
export function authorityInformationAccess({
  ocsp = [],
  caIssuers = [],
}: Partial<AuthorityInformationAccess>): Extension {
  if (ocsp.length + caIssuers.length === 0) throw fail('BadExtension', 'authorityInfoAccess must name a URL')
  const description = (method: string) => (value: string) =>
    sequence(oid(method), writeGeneralName({ type: 'uri', value }))
  return extension(
    oids.authorityInformationAccess,
    { critical: false },
    sequence(...ocsp.map(description(oids.ocsp)), ...caIssuers.map(description(oids.caIssuers))),
  )
}

/** Reads the extension's value; other methods and other forms of name are passed over. Throws X509Error. */
export function readAuthorityInformationAccess(value: Uint8Array): AuthorityInformationAccess {
  return readSequence(value, (reader) => {
    const ocsp: string[] = []
    const caIssuers: string[] = []
    do {
      const description = reader.enter(tags.sequence)
      const method = description.oid()
      const location = readGeneralName(description)
      description.expectEnd()
      if (location.type !== 'uri') continue
      if (method === oids.ocsp) ocsp.push(location.value)
      if (method === oids.caIssuers) caIssuers.push(location.value)
    } while (!reader.done)
    return { ocsp, caIssuers }
  })
}

import type { DerReader } from './der/reader.ts'
import { tags } from './der/tags.ts'
import { fail } from './errors.ts'
import { readExtensions } from './extensions/extension.ts'
import { readReasonCode } from './extensions/reason-code.ts'
import type { RevocationReason } from './extensions/reason-code.ts'
import { oids } from './oids.ts'
import { serialFromContents } from './serial.ts'

/** One revoked certificate. */
export interface CrlEntry {
  /** See `serialFromContents`: whole octets in lowercase hexadecimal. */
  readonly serialHex: string
  /** Milliseconds since 1970; the fraction of a second is dropped. */
  readonly revokedAt: number
  /** `unspecified` and absent are the same (RFC 5280 §5.3.1). */
  readonly reason?: RevocationReason | undefined
}

/** Takes one entry of revokedCertificates (see `buildTbsCertList`). Throws X509Error. */
export function readCrlEntry(list: DerReader): CrlEntry {
  const entry = list.enter(tags.sequence)
  const serialHex = serialFromContents(entry.integer())
  const revokedAt = entry.time()
  if (entry.done) return { serialHex, revokedAt }
  let reason: CrlEntry['reason']
  for (const { oid, critical, value } of readExtensions(entry)) {
    if (oid === oids.reasonCode) reason = readReasonCode(value)
    else if (critical) throw fail('BadCrl', `critical entry extension ${oid} is not processed`)
  }
  entry.expectEnd()
  return { serialHex, revokedAt, reason }
}

import { tags } from '../der/tags.ts'
import { enumerated } from '../der/writer.ts'
import { fail } from '../errors.ts'
import { oids } from '../oids.ts'
import { extension, valueReader } from './extension.ts'
import type { Extension } from './extension.ts'

/** RFC 5280 §5.3.1. 7 is not used. */
export const reasonCodes = {
  unspecified: 0,
  keyCompromise: 1,
  cACompromise: 2,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  certificateHold: 6,
  removeFromCRL: 8,
  privilegeWithdrawn: 9,
  aACompromise: 10,
} as const

export type RevocationReason = keyof typeof reasonCodes

const namesByCode = new Map(
  Object.entries(reasonCodes).map(([name, code]) => [code as number, name as RevocationReason]),
)

/**
 * RFC 5280 §5.3.1
 *   CRLReason ::= ENUMERATED { unspecified (0), keyCompromise (1), … }
 * Not critical. `unspecified` "SHOULD be absent": undefined for it.
 */
export function reasonCode(reason: RevocationReason): Extension | undefined {
  if (reason === 'unspecified') return undefined
  return extension(oids.reasonCode, { critical: false }, enumerated(reasonCodes[reason]))
}

/** Reads the extension's value. Throws X509Error for a code that RFC 5280 does not define. */
export function readReasonCode(value: Uint8Array): RevocationReason {
  const name = namesByCode.get(valueReader(value).smallInteger(127, tags.enumerated))
  if (!name) throw fail('BadExtension', 'not a CRLReason')
  return name
}

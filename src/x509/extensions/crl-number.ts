import { integer } from '../der/writer.ts'
import { fail } from '../errors.ts'
import { oids } from '../oids.ts'
import { extension, valueReader } from './extension.ts'
import type { Extension } from './extension.ts'

/** RFC 5280 §5.2.3: "Conforming CRL issuers MUST NOT use CRLNumber values longer than 20 octets." */
const maxOctets = 20

/**
 * RFC 5280 §5.2.3
 *   CRLNumber ::= INTEGER (0..MAX)
 * Never critical. Throws X509Error BadExtension below 0 or above 20 octets.
 */
export function crlNumber(number: bigint): Extension {
  if (number < 0n || number >= 1n << BigInt(maxOctets * 8 - 1))
    throw fail('BadExtension', 'CRL number must have 1 to 20 octets')
  return extension(oids.crlNumber, { critical: false }, integer(number))
}

/** Reads the extension's value. Throws X509Error. */
export function readCrlNumber(value: Uint8Array): bigint {
  const contents = valueReader(value).integer()
  if (contents[0]! >= 0x80 || contents.length > maxOctets)
    throw fail('BadExtension', 'CRL number must have 1 to 20 octets')
  return BigInt(`0x${contents.toHex()}`)
}

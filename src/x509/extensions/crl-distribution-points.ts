import { contextTagOctet, tags } from '../der/tags.ts'
import { explicitTag, sequence } from '../der/writer.ts'
import { fail } from '../errors.ts'
import { readUris, writeGeneralName } from '../general-names.ts'
import { oids } from '../oids.ts'
import type { DerReader } from '../der/reader.ts'
import { extension, readSequence } from './extension.ts'
import type { Extension } from './extension.ts'

const distributionPointTag = contextTagOctet(0, true)
const fullNameTag = contextTagOctet(0, true)
const reasonsTag = contextTagOctet(1, false)
const crlIssuerTag = contextTagOctet(2, true)

/**
 * RFC 5280 §4.2.1.13
 *   CRLDistributionPoints ::= SEQUENCE SIZE (1..MAX) OF DistributionPoint
 *   DistributionPoint ::= SEQUENCE {
 *        distributionPoint  [0] DistributionPointName OPTIONAL,
 *        reasons            [1] ReasonFlags OPTIONAL,
 *        cRLIssuer          [2] GeneralNames OPTIONAL }
 *   DistributionPointName ::= CHOICE {
 *        fullName                 [0] GeneralNames,
 *        nameRelativeToCRLIssuer  [1] RelativeDistinguishedName }
 * Not critical. One point for each URL: each stands for the same CRL. Throws X509Error.
 */
export function crlDistributionPoints(urls: readonly string[]): Extension {
  if (urls.length === 0) throw fail('BadExtension', 'cRLDistributionPoints must name a URL')
  const points = urls.map((url) => sequence(distributionPointName([url])))
  return extension(oids.crlDistributionPoints, { critical: false }, sequence(...points))
}

/** DistributionPointName under its tag [0] (EXPLICIT, being a CHOICE), with the URLs as fullName. */
export function distributionPointName(urls: readonly string[]): Uint8Array {
  return explicitTag(0, explicitTag(0, ...urls.map((value) => writeGeneralName({ type: 'uri', value }))))
}

/** URLs of a DistributionPointName at the cursor (under its tag [0]); none for a name relative to the CRL issuer. */
export function readDistributionPointName(reader: DerReader): string[] {
  const choice = reader.enter(distributionPointTag)
  if (choice.peek() !== fullNameTag) return []
  const urls = readUris(choice.enter(fullNameTag))
  choice.expectEnd()
  return urls
}

/** All URLs of all points. Throws X509Error. */
export function readCrlDistributionPoints(value: Uint8Array): string[] {
  return readSequence(value, (reader) => {
    const urls: string[] = []
    do {
      const point = reader.enter(tags.sequence)
      if (point.peek() === distributionPointTag) urls.push(...readDistributionPointName(point))
      if (point.peek() === reasonsTag) point.take(reasonsTag)
      if (point.peek() === crlIssuerTag) point.take(crlIssuerTag)
      point.expectEnd()
    } while (!reader.done)
    return urls
  })
}

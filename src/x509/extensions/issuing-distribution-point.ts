import { contextTagOctet } from '../der/tags.ts'
import { implicitTag, boolean, sequence } from '../der/writer.ts'
import { DerError, fail } from '../errors.ts'
import { oids } from '../oids.ts'
import { distributionPointName, readDistributionPointName } from './crl-distribution-points.ts'
import { extension, readSequence } from './extension.ts'
import type { Extension } from './extension.ts'

const pointTag = contextTagOctet(0, true)
const userTag = contextTagOctet(1, false)
const caTag = contextTagOctet(2, false)
const reasonsTag = contextTagOctet(3, false)
const indirectTag = contextTagOctet(4, false)
const attributeTag = contextTagOctet(5, false)

export interface IssuingDistributionPoint {
  readonly urls: readonly string[]
  /** Which certificates are in scope; undefined: all. */
  readonly only: 'user' | 'ca' | 'attribute' | undefined
  readonly indirect: boolean
}

/**
 * RFC 5280 §5.2.5
 *   IssuingDistributionPoint ::= SEQUENCE {
 *        distributionPoint           [0] DistributionPointName OPTIONAL,
 *        onlyContainsUserCerts       [1] BOOLEAN DEFAULT FALSE,
 *        onlyContainsCACerts         [2] BOOLEAN DEFAULT FALSE,
 *        onlySomeReasons             [3] ReasonFlags OPTIONAL,
 *        indirectCRL                 [4] BOOLEAN DEFAULT FALSE,
 *        onlyContainsAttributeCerts  [5] BOOLEAN DEFAULT FALSE }
 * Always critical. "MUST NOT be … an empty sequence". Throws X509Error.
 */
export function issuingDistributionPoint(scope: { urls?: readonly string[]; only?: 'user' | 'ca' }): Extension {
  const { urls = [], only } = scope
  if (urls.length === 0 && !only) throw fail('BadExtension', 'issuingDistributionPoint must not be empty')
  return extension(
    oids.issuingDistributionPoint,
    { critical: true },
    sequence(
      urls.length > 0 && distributionPointName(urls),
      only === 'user' && implicitTag(1, boolean(true)),
      only === 'ca' && implicitTag(2, boolean(true)),
    ),
  )
}

/** Reads the extension's value. Throws X509Error. */
export function readIssuingDistributionPoint(value: Uint8Array): IssuingDistributionPoint {
  return readSequence(value, (reader) => {
    const flag = (tag: number) => {
      const stated = reader.peek() === tag
      if (stated && !reader.boolean(tag)) throw new DerError('BadBoolean', 'FALSE is the DEFAULT and must be left out')
      return stated
    }
    const urls = reader.peek() === pointTag ? readDistributionPointName(reader) : []
    const user = flag(userTag)
    const ca = flag(caTag)
    if (reader.peek() === reasonsTag) reader.take(reasonsTag)
    const indirect = flag(indirectTag)
    const attribute = flag(attributeTag)
    if (Number(user) + Number(ca) + Number(attribute) > 1)
      throw fail('BadExtension', 'at most one onlyContains may be TRUE')
    return { urls, only: user ? 'user' : ca ? 'ca' : attribute ? 'attribute' : undefined, indirect }
  })
}

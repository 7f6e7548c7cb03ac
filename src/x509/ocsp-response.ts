import { hash } from 'node:crypto'
import { signatureAlgorithms } from './algorithms.ts'
import type { SignatureAlgorithmName } from './algorithms.ts'
import { allocate, concatBytes } from './bytes.ts'
import { contextTagOctet, tags } from './der/tags.ts'
import {
  bitString,
  constructed,
  enumerated,
  explicitTag,
  headerLength,
  nullValue,
  octetString,
  oid,
  primitive,
  sequence,
  writeHeader,
} from './der/writer.ts'
import { extension } from './extensions/extension.ts'
import { reasonCodes } from './extensions/reason-code.ts'
import type { RevocationReason } from './extensions/reason-code.ts'
import { oids } from './oids.ts'

export type OcspStatus =
  | { readonly status: 'good' }
  | { readonly status: 'revoked'; readonly revokedAt: number; readonly reason: RevocationReason }

/** What is said of one certificate. Times in milliseconds since 1970, the fraction of a second is dropped. */
export interface OcspSingle {
  /** The CertID as it was asked. */
  readonly certId: Uint8Array
  readonly status: OcspStatus
  readonly thisUpdate: number
  readonly nextUpdate: number
}

const answers = { malformedRequest: 1, internalError: 2, tryLater: 3, unauthorized: 6 } as const

/** RFC 6960 §4.2.1: an answer without content, which nobody signs. */
export function ocspErrorAnswer(status: keyof typeof answers): Uint8Array {
  return sequence(enumerated(answers[status]))
}

const digests = { sha1: oids.sha1, sha256: oids.sha256 } as const

/**
 * Every form in which a request may name this issuer, as `OcspCertId.issuer` has it: SHA-1 (RFC 6960 §4.1.1) and
 * SHA-256 (RFC 9919 §3.1.1), with parameters NULL (RFC 3279 §2.1) and without (RFC 5754 §2).
 * @param nameDer the issuer's subject
 * @param keyBits contents of its subjectPublicKey
 */
export function issuerIdentifiers(nameDer: Uint8Array, keyBits: Uint8Array): Uint8Array[] {
  return (Object.keys(digests) as (keyof typeof digests)[]).flatMap((digest) => {
    const hashes = [nameDer, keyBits].map((bytes) => octetString(hash(digest, bytes, 'buffer')))
    const algorithm = oid(digests[digest])
    return [sequence(algorithm, nullValue()), sequence(algorithm)].map((identifier) =>
      concatBytes([identifier, ...hashes]),
    )
  })
}

/**
 * RFC 6960 §4.2.1
 *   ResponseData ::= SEQUENCE {
 *        version             [0] EXPLICIT Version DEFAULT v1,
 *        responderID         ResponderID,   -- byKey [2] KeyHash: SHA-1 of the responder's key
 *        producedAt          GeneralizedTime,
 *        responses           SEQUENCE OF SingleResponse,
 *        responseExtensions  [1] EXPLICIT Extensions OPTIONAL }
 *   SingleResponse ::= SEQUENCE {
 *        certID      CertID,
 *        certStatus  CertStatus,
 *        thisUpdate  GeneralizedTime,
 *        nextUpdate  [0] EXPLICIT GeneralizedTime OPTIONAL, … }
 * @param nonce as it was asked; the answer repeats it (RFC 9654 §2.1)
 */
export function buildOcspResponseData(parts: {
  responderKeyHash: Uint8Array
  producedAt: number
  singles: readonly OcspSingle[]
  nonce?: Uint8Array | undefined
}): Uint8Array {
  const { responderKeyHash, producedAt, singles, nonce } = parts
  return sequence(
    explicitTag(2, octetString(responderKeyHash)),
    generalizedTime(producedAt),
    sequence(...singles.map(single)),
    nonce !== undefined &&
      explicitTag(1, sequence(extension(oids.ocspNonce, { critical: false }, octetString(nonce)).der)),
  )
}

const single = ({ certId, status, thisUpdate, nextUpdate }: OcspSingle): Uint8Array =>
  sequence(certId, certStatus(status), generalizedTime(thisUpdate), explicitTag(0, generalizedTime(nextUpdate)))

const good = Uint8Array.of(contextTagOctet(0, false), 0)

/**
 * CertStatus ::= CHOICE { good [0] IMPLICIT NULL, revoked [1] IMPLICIT RevokedInfo, unknown [2] … }
 * RevokedInfo ::= SEQUENCE { revocationTime GeneralizedTime, revocationReason [0] EXPLICIT CRLReason OPTIONAL }
 */
function certStatus(status: OcspStatus): Uint8Array {
  if (status.status === 'good') return good
  return constructed(contextTagOctet(1, true), [
    generalizedTime(status.revokedAt),
    status.reason !== 'unspecified' && explicitTag(0, enumerated(reasonCodes[status.reason])),
  ])
}

/** RFC 6960 has GeneralizedTime in every year; without fraction (§4.2.2.1). */
function generalizedTime(ms: number): Uint8Array {
  const iso = new Date(ms).toISOString()
  const digits = `${iso.slice(0, 4)}${iso.slice(5, 7)}${iso.slice(8, 10)}${iso.slice(11, 13)}${iso.slice(14, 16)}${iso.slice(17, 19)}Z`
  return primitive(tags.generalizedTime, Buffer.from(digits, 'latin1'))
}

const basicType = oid(oids.ocspBasic)
const successful = enumerated(0)

/**
 * OCSPResponse ::= SEQUENCE {
 *      responseStatus  OCSPResponseStatus,
 *      responseBytes   [0] EXPLICIT SEQUENCE { responseType OBJECT IDENTIFIER, response OCTET STRING } OPTIONAL }
 * BasicOCSPResponse ::= SEQUENCE {
 *      tbsResponseData     ResponseData,
 *      signatureAlgorithm  AlgorithmIdentifier,
 *      signature           BIT STRING,
 *      certs               [0] EXPLICIT SEQUENCE OF Certificate OPTIONAL }
 * @param certificates `certs` as it will follow, the same for all answers of a responder: see {@link responderCertificates}
 * @returns everything before `certificates`
 */
export function ocspAnswerHead(
  responseData: Uint8Array,
  algorithm: SignatureAlgorithmName,
  signature: Uint8Array,
  certificates: Uint8Array,
): Uint8Array {
  const signed = [responseData, signatureAlgorithms[algorithm].identifier, bitString(signature)]
  const basic = signed.reduce((sum, { length }) => sum + length, certificates.length)
  const inOctetString = headerLength(basic) + basic
  const responseBytes = basicType.length + headerLength(inOctetString) + inOctetString
  const explicit = headerLength(responseBytes) + responseBytes
  const answer = successful.length + headerLength(explicit) + explicit
  return concatBytes([
    header(tags.sequence, answer),
    successful,
    header(contextTagOctet(0, true), explicit),
    header(tags.sequence, responseBytes),
    basicType,
    header(tags.octetString, inOctetString),
    header(tags.sequence, basic),
    ...signed,
  ])
}

/** `certs` of BasicOCSPResponse. */
export const responderCertificates = (certificate: Uint8Array): Uint8Array => explicitTag(0, sequence(certificate))

function header(tag: number, contentLength: number): Uint8Array {
  const out = allocate(headerLength(contentLength))
  writeHeader(tag, contentLength, out, 0)
  return out
}

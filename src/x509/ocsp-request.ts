import { DerReader } from './der/reader.ts'
import { contextTagOctet, tags } from './der/tags.ts'
import { fail } from './errors.ts'
import { readExtensions } from './extensions/extension.ts'
import { oids } from './oids.ts'
import { serialFromContents } from './serial.ts'

/** One certificate that is asked about. */
export interface OcspCertId {
  /** The whole CertID, as asked: an answer repeats it octet for octet. */
  readonly der: Uint8Array
  /** What of it names the issuer: hashAlgorithm, issuerNameHash and issuerKeyHash as they stand in it. */
  readonly issuer: Uint8Array
  /** See `serialFromContents`. */
  readonly serial: string
}

export interface OcspRequest {
  readonly certIds: readonly OcspCertId[]
  /** RFC 9654 §2.1: 1 to 128 octets. */
  readonly nonce: Uint8Array | undefined
}

export interface OcspRequestLimits {
  readonly maxBytes: number
  readonly maxCertIds: number
}

const versionTag = contextTagOctet(0, true)
const requestorNameTag = contextTagOctet(1, true)
const requestExtensionsTag = contextTagOctet(2, true)
const inside0 = contextTagOctet(0, true)
const maxNonceOctets = 128

/**
 * RFC 6960 §4.1.1
 *   OCSPRequest ::= SEQUENCE {
 *        tbsRequest         TBSRequest,
 *        optionalSignature  [0] EXPLICIT Signature OPTIONAL }
 *   TBSRequest ::= SEQUENCE {
 *        version            [0] EXPLICIT Version DEFAULT v1,
 *        requestorName      [1] EXPLICIT GeneralName OPTIONAL,
 *        requestList        SEQUENCE OF Request,
 *        requestExtensions  [2] EXPLICIT Extensions OPTIONAL }
 *   Request ::= SEQUENCE {
 *        reqCert                  CertID,
 *        singleRequestExtensions  [0] EXPLICIT Extensions OPTIONAL }
 *   CertID ::= SEQUENCE {
 *        hashAlgorithm   AlgorithmIdentifier,
 *        issuerNameHash  OCTET STRING,
 *        issuerKeyHash   OCTET STRING,
 *        serialNumber    CertificateSerialNumber }
 *
 * Whoever asks need not sign, so a signature and a requestor's name are passed over unread. An extension that we do not
 * process makes the request unreadable only if it is critical. Throws X509Error: every refusal is a malformedRequest.
 */
export function parseOcspRequest(der: Uint8Array, { maxBytes, maxCertIds }: OcspRequestLimits): OcspRequest {
  if (der.length > maxBytes) throw fail('BadOcspRequest', `more than ${maxBytes} bytes`)
  const whole = new DerReader(der)
  const request = whole.enter(tags.sequence)
  whole.expectEnd()
  const tbs = request.enter(tags.sequence)
  if (request.peek() === inside0) request.next()
  request.expectEnd()

  if (tbs.peek() === versionTag) readVersion(tbs.enter(versionTag))
  if (tbs.peek() === requestorNameTag) tbs.next()
  const list = tbs.enter(tags.sequence)
  const nonce = tbs.peek() === requestExtensionsTag ? readRequestExtensions(tbs.enter(requestExtensionsTag)) : undefined
  tbs.expectEnd()

  const certIds: OcspCertId[] = []
  do {
    if (certIds.length === maxCertIds) throw fail('BadOcspRequest', `more than ${maxCertIds} certificates`)
    certIds.push(readRequest(list.enter(tags.sequence)))
  } while (!list.done)
  return { certIds, nonce }
}

/** v1 is the DEFAULT, which DER leaves out; some write it all the same, and nothing depends on it. */
function readVersion(version: DerReader): void {
  version.smallInteger(0)
  version.expectEnd()
}

function readRequest(one: DerReader): OcspCertId {
  const der = one.element(tags.sequence)
  const certId = new DerReader(der).enter(tags.sequence)
  const start = certId.pos
  certId.take(tags.sequence)
  certId.octetString()
  certId.octetString()
  const issuer = der.subarray(start, certId.pos)
  const serial = serialFromContents(certId.integer())
  certId.expectEnd()
  if (one.peek() === inside0) {
    const extensions = one.enter(inside0)
    for (const { oid, critical } of readExtensions(extensions)) if (critical) throw notProcessed(oid)
    extensions.expectEnd()
  }
  one.expectEnd()
  return { der, issuer, serial }
}

function readRequestExtensions(inside: DerReader): Uint8Array | undefined {
  let nonce: Uint8Array | undefined
  for (const { oid, critical, value } of readExtensions(inside)) {
    if (oid === oids.ocspNonce) {
      if (nonce) throw fail('BadOcspRequest', 'two nonces')
      nonce = readNonce(value)
    } else if (critical) throw notProcessed(oid)
  }
  inside.expectEnd()
  return nonce
}

/** RFC 9654 §2.1: Nonce ::= OCTET STRING (SIZE (1..128)); another length is a malformedRequest. */
function readNonce(value: Uint8Array): Uint8Array {
  const reader = new DerReader(value)
  const nonce = reader.octetString()
  reader.expectEnd()
  if (nonce.length === 0 || nonce.length > maxNonceOctets)
    throw fail('BadOcspRequest', `a nonce of ${nonce.length} octets (RFC 9654 §2.1: 1 to ${maxNonceOctets})`)
  return nonce
}

const notProcessed = (oid: string) => fail('BadOcspRequest', `critical extension ${oid} is not processed`)

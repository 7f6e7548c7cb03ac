import type { Clock } from '../kernel/index.ts'
import { issuerFrom, type Issuer } from '../issuance/index.ts'
import type { KeyReference, KeyStore } from '../keys/index.ts'
import { readPem, X509Error } from '../x509/index.ts'
import { isExpired, type Ca } from './ca.ts'
import { caAbilities } from './lifecycle.ts'
import { problem, type ShownState } from './problems.ts'
import type { CaStore } from './store.ts'

export interface IssuingNeeds {
  cas: CaStore
  keyStore: KeyStore
  domainClock: Clock
}

/** A CA's state as it is shown: expiry hides what still counts as active. */
export const shownState = (ca: Ca, now: number): ShownState =>
  ca.state === 'active' && isExpired(ca, now) ? 'expired' : ca.state

/** The key of a CA for signing. @throws Problem CaKeyIsOutside, CaStateForbids when the key is on its way out */
export async function keyOf(ca: Ca, keyStore: KeyStore, act: string): Promise<KeyReference> {
  if (ca.keyId === null) throw problem('CaKeyIsOutside', { act })
  const key = await keyStore.find(ca.keyId)
  if (!key || key.state !== 'live' || key.sealedPrivateKey === null)
    throw problem('CaStateForbids', { act, state: 'destroyed' })
  return {
    keyId: key.id,
    accountId: key.accountId,
    algorithm: key.algorithm,
    sealedPrivateKey: key.sealedPrivateKey,
  }
}

/**
 * Finds an issuing CA and checks that it may issue now: active, not expired, not revoked. The commit of what it signs
 * must hold {@link CaStore.unchanged} besides, so that a CA disabled meanwhile has not issued.
 * @throws Problem CaNotFound, IssuerUnusable, CaKeyIsOutside
 */
export async function issuerFor(needs: IssuingNeeds, ca: Ca): Promise<Issuer> {
  const now = needs.domainClock.now()
  if (ca.revokedAt !== null) throw problem('CaRevoked', { act: 'issuing' })
  if (!caAbilities[ca.state].issue || isExpired(ca, now) || ca.certificate === null)
    throw problem('IssuerUnusable', { state: shownState(ca, now) })
  const known = issuersOf(needs.keyStore)
  const name = `${ca.id} ${ca.version}`
  let issuer = known.get(name)
  if (!issuer) {
    const key = await keyOf(ca, needs.keyStore, 'issuing')
    issuer = issuerFrom(ca.id, key, ca.certificate, await chainAbove(ca, needs.cas))
    if (known.size >= maxKnown) known.clear()
    known.set(name, issuer)
  }
  return issuer
}

/**
 * Issuers that have been read and parsed, by CA and version: whatever changes a CA's certificate or state raises its
 * version, and the certificates above it never change.
 */
const knownIssuers = new WeakMap<KeyStore, Map<string, Issuer>>()
const maxKnown = 256

function issuersOf(keyStore: KeyStore): Map<string, Issuer> {
  let known = knownIssuers.get(keyStore)
  if (!known) {
    known = new Map()
    knownIssuers.set(keyStore, known)
  }
  return known
}

const maxDepth = 16

/** DER certificates above a CA, nearest first, the root last; none for a root. */
export async function chainAbove(ca: Ca, cas: CaStore): Promise<Uint8Array[]> {
  const above: Uint8Array[] = []
  let current = ca
  while (current.issuerId !== null && above.length < maxDepth) {
    const issuer = await cas.findById(current.issuerId)
    if (!issuer?.certificate) break
    above.push(issuer.certificate)
    current = issuer
  }
  if (current.chain !== null) above.push(...splitDer(current.chain))
  return above
}

/** The DER of the certificates in a PEM text; anything else in it is refused. @throws X509Error */
export function readCertificateBlocks(pem: string): Uint8Array[] {
  return readPem(pem).map(({ label, der }) => {
    if (label !== 'CERTIFICATE') throw new X509Error('BadPem', `a ${label} where certificates are expected`)
    return der
  })
}

/** Certificates that were stored joined: each is a SEQUENCE that tells its own length. */
export function splitDer(joined: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = []
  for (let at = 0; at < joined.length;) {
    const lengthOctets = joined[at + 1]! & 0x7f
    let length = joined[at + 1]!
    let header = 2
    if (length >= 0x80) {
      length = joined.subarray(at + 2, at + 2 + lengthOctets).reduce((sum, octet) => sum * 256 + octet, 0)
      header += lengthOctets
    }
    parts.push(joined.subarray(at, at + header + length))
    at += header + length
  }
  return parts
}
